#!/usr/bin/env bash
# Guess: Vyper's bytecode ends as Solidity's does: CBOR and then two bytes with its length, which do not count themselves,
# at the end of the deployed code too.
# What happens: Vyper's two bytes count themselves, and the CBOR stands at the end of the creation code only; the deployed
# code has none.
# Why our users care: who strips metadata to compare a patched contract with the original, as one does for Solidity, cuts
# two bytes too many off Vyper's creation code and reads data of the contract as a length in its deployed code.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check vyper==0.4.3 cbor2==5.7.0
npm install --silent --no-audit --no-fund solc@0.8.30
printf '@external\ndef f() -> uint256:\n    return 42\n' >f.vy
for form in bytecode bytecode_runtime; do venv/bin/vyper -f "$form" f.vy >"vyper.$form"; done
node >solc.bytecode <<'JS'
const source = "contract F { function f() external pure returns (uint256) { return 42; } }";
const outputSelection = { "*": { "*": ["evm.bytecode.object"] } };
const input = { language: "Solidity", sources: { "f.sol": { content: source } }, settings: { outputSelection } };
console.log(JSON.parse(require("solc").compile(JSON.stringify(input))).contracts["f.sol"].F.evm.bytecode.object);
JS

venv/bin/python - <<'PY' | tee seen
from pathlib import Path

import cbor2


def metadata(code: bytes, counted: int) -> object:
    """Return what the CBOR says if `counted` of the two bytes of length are part of the length."""
    length = int.from_bytes(code[-2:], "big")
    value = cbor2.loads(code[-length - 2 + counted : -2])
    if len(cbor2.dumps(value)) != length - counted:
        raise ValueError("trailing bytes")
    return value


for name in ("solc.bytecode", "vyper.bytecode", "vyper.bytecode_runtime"):
    code = bytes.fromhex(Path(name).read_text().strip().removeprefix("0x"))
    for counted in (0, 2):
        try:
            value = metadata(code, counted)
            print(name, "is read with", counted, "bytes counted:", "solc" in value or "vyper" in value[-1])
        except Exception:
            print(name, "is not read with", counted, "bytes counted")
PY
grep -qx "solc.bytecode is read with 0 bytes counted: True" seen
grep -qx "vyper.bytecode is not read with 0 bytes counted" seen
grep -qx "vyper.bytecode is read with 2 bytes counted: True" seen
[ "$(grep -c 'vyper.bytecode_runtime is not read' seen)" = 2 ]
