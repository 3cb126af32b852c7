#!/usr/bin/env bash
# Guess: each message_call is a transaction of its own, as a chain would run it: the sender's nonce grows, transient
# storage is empty at its beginning and all slots are cold.
# What happens: the calls of one EVM object behave as parts of a single transaction. The nonce stays, TLOAD reads what an
# earlier call stored, and a slot that was read once is warm in later calls, so the same call costs 2,000 gas less.
# Why our users care: a lock in transient storage that a chain would open again stays shut, so an attack or an honest user
# fails in the second call, and gas figures are not a chain's. Reset transient storage between calls; do not compare gas.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check pyrevm==0.3.7

"$folder/venv/bin/python" - <<'PY' | tee "$folder/seen"
from importlib.metadata import version

from pyrevm import EVM, AccountInfo

SENDER, KEEPER, READER = ("0x" + byte * 20 for byte in ("22", "44", "55"))
evm = EVM()
evm.set_balance(SENDER, 10**18)
# With calldata: TSTORE(0, 1). Without: return TLOAD(0).
evm.insert_account_info(KEEPER, AccountInfo(code=bytes.fromhex("36600f5760005c60005260206000f35b600160005d00")))
# SLOAD(0), twice.
evm.insert_account_info(READER, AccountInfo(code=bytes.fromhex("6000545060005450")))

print("pyrevm", version("pyrevm"))
evm.message_call(SENDER, KEEPER, calldata=b"\1", gas=100_000)
read = evm.message_call(SENDER, KEEPER, gas=100_000)
print("the next call reads from transient storage:", int.from_bytes(read, "big"))
gas = []
for _ in range(2):
    evm.message_call(SENDER, READER, gas=100_000)
    gas.append(evm.result.gas_used)
print("the second of two equal calls costs less by:", gas[0] - gas[1])
print("nonce of the sender after four calls:", evm.basic(SENDER).nonce)
evm.reset_transient_storage()
print("after reset_transient_storage:", int.from_bytes(evm.message_call(SENDER, KEEPER, gas=100_000), "big"))
PY
grep -qx "the next call reads from transient storage: 1" "$folder/seen"
grep -qx "the second of two equal calls costs less by: 2000" "$folder/seen"
grep -qx "nonce of the sender after four calls: 0" "$folder/seen"
grep -qx "after reset_transient_storage: 0" "$folder/seen"
