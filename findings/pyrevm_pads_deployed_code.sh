#!/usr/bin/env bash
# Guess: get_code returns the bytes that a creation returned, as eth_getCode does on a chain.
# What happens: the code of a contract that pyrevm deployed comes back with 33 bytes of zero behind it; code that was put
# there by insert_account_info comes back as it is. The account's code hash is that of the true bytes in both cases.
# Why our users care: a check that compares deployed code with the compiler's output, or that measures it against the size
# limit of 24,576 bytes, is wrong by 33. Compare hashes.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check pyrevm==0.3.7 'eth-hash[pycryptodome]==0.8.0'

"$folder/venv/bin/python" - <<'PY' | tee "$folder/seen"
from importlib.metadata import version

from eth_hash.auto import keccak
from pyrevm import EVM, AccountInfo

SENDER, OTHER = "0x" + "22" * 20, "0x" + "33" * 20
RUNTIME = bytes.fromhex("602a60005260206000f3")
evm = EVM()
evm.set_balance(SENDER, 10**18)
deployed = evm.deploy(SENDER, bytes.fromhex("600a600c600039600a6000f3") + RUNTIME, gas=200_000)
evm.insert_account_info(OTHER, AccountInfo(code=RUNTIME))
code = evm.get_code(deployed)
print("pyrevm", version("pyrevm"))
print("deployed: begins with the runtime code", code.startswith(RUNTIME), "and has more:", code[len(RUNTIME) :].hex())
print("inserted: equal", evm.get_code(OTHER) == RUNTIME)
print("hash of the deployed one is that of the runtime code:", bytes(evm.basic(deployed).code_hash) == keccak(RUNTIME))
PY
zeros=$(printf '%066d' 0)
grep -qx "deployed: begins with the runtime code True and has more: $zeros" "$folder/seen"
grep -qx "inserted: equal True" "$folder/seen"
grep -qx "hash of the deployed one is that of the runtime code: True" "$folder/seen"
