#!/usr/bin/env bash
# Guess: a state snapshot of py-evm may be taken before several transactions and reverted after them, as evm_snapshot can.
# What happens: after one transaction it can; after two revert raises ValidationError, "this revert has changed the clear
# count in an invalid way": every transaction deletes the empty accounts it touches, the coinbase among them (EIP-161),
# and a snapshot can be reverted over one deletion of an account. Where all that is touched holds a wei, it goes through.
# Why our users care: a scenario that tries something and goes back (a what-if before the real run) works on pyrevm and
# on anvil and fails on py-evm, the engine that verdicts are confirmed on. Take a chain of its own for the try.
set -euo pipefail

version=0.12.1b1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check "py-evm==$version"

"$folder/venv/bin/python" -W ignore - <<'PY' | tee "$folder/seen"
from importlib.metadata import version

from eth.chains.base import MiningChain
from eth.db.atomic import AtomicDB
from eth.vm.forks.cancun import CancunVM
from eth.vm.spoof import SpoofTransaction

SENDER, RECEIVER, COINBASE = b"\x11" * 20, b"\x22" * 20, b"\x00" * 20
print("py-evm", version("py-evm"))


def reverted(transactions, wei):
    chain = MiningChain.configure("C", vm_configuration=((0, CancunVM),), chain_id=1).from_genesis(
        AtomicDB(), {"difficulty": 0, "gas_limit": 30_000_000, "timestamp": 1}, {}
    )
    vm = chain.get_vm()
    state = vm.state
    state.execution_context._base_fee_per_gas = 0
    for touched in (RECEIVER, COINBASE) if wei else ():
        state.set_balance(touched, wei)
    state.lock_changes()
    snapshot = state.snapshot()
    for _ in range(transactions):
        made = vm.create_unsigned_transaction(
            nonce=state.get_nonce(SENDER), gas_price=0, gas=100_000, to=RECEIVER, value=0, data=b""
        )
        assert state.apply_transaction(SpoofTransaction(made, from_=SENDER)).is_success
    try:
        state.revert(snapshot)
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:62]}"
    return "reverted"


for transactions in (1, 2, 3):
    print(transactions, "transactions, empty accounts:", reverted(transactions, 0))
print("3 transactions, accounts with a wei:", reverted(3, 1))
PY
grep -qx "py-evm $version" "$folder/seen"
grep -q "^1 transactions, empty accounts: reverted$" "$folder/seen"
grep -q "^2 transactions, empty accounts: ValidationError: This revert has changed the clear count in an invalid way" "$folder/seen"
grep -q "^3 transactions, accounts with a wei: reverted$" "$folder/seen"
