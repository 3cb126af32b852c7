#!/usr/bin/env bash
# Guess: importing an EVM library changes nothing about the interpreter that imports it.
# What happens: `import eth` (py-evm) sets the recursion limit of the whole process to 100,000, for its own deep calls.
# Why our users care: a process that reads hostile JSON relies on RecursionError for text that is nested too deeply. With
# such a limit the C parser runs out of stack first, and the process ends with a segmentation fault: it did in our tests,
# in test files that have nothing to do with an EVM. Restore the limit after the import, or run py-evm elsewhere.
set -euo pipefail

version=0.12.1b1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check "py-evm==$version"

"$folder/venv/bin/python" - <<'PY' | tee "$folder/seen"
import sys
from importlib.metadata import version

print("py-evm", version("py-evm"))
print("before:", sys.getrecursionlimit())
import eth

print("after:", sys.getrecursionlimit())
PY
grep -qx "py-evm $version" "$folder/seen"
grep -qx "before: 1000" "$folder/seen"
grep -qx "after: 100000" "$folder/seen"
