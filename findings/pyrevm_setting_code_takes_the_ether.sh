#!/usr/bin/env bash
# Guess: insert_account_info(address, AccountInfo(code=...)) sets the code and leaves the rest of the account as it was.
# What happens: it replaces the account. Fields that are not named get AccountInfo's defaults, so balance and nonce are 0.
# Why our users care: a scenario that first funds an account and then gives it code has a victim without money, and no
# exploit can gain anything there. Name all fields, or fund afterwards.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check pyrevm==0.3.7

"$folder/venv/bin/python" - <<'PY' | tee "$folder/seen"
from importlib.metadata import version

from pyrevm import EVM, AccountInfo

VAULT = "0x" + "33" * 20
evm = EVM()
evm.insert_account_info(VAULT, AccountInfo(nonce=3, balance=777))
print("pyrevm", version("pyrevm"))
print("before: balance", evm.get_balance(VAULT), "nonce", evm.basic(VAULT).nonce)
evm.insert_account_info(VAULT, AccountInfo(code=bytes.fromhex("00")))
print("after:  balance", evm.get_balance(VAULT), "nonce", evm.basic(VAULT).nonce)
PY
grep -qx "before: balance 777 nonce 3" "$folder/seen"
grep -qx "after:  balance 0 nonce 0" "$folder/seen"
