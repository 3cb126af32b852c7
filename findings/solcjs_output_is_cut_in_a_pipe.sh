#!/usr/bin/env bash
# Guess: `solcjs --standard-json` writes the same JSON into a pipe as into a file, as solc does.
# What happens: it calls process.exit() behind an asynchronous write, so a pipe gets what fits into it, 64 to 128 KiB,
# and the rest is lost, with exit status 0. Before the JSON, stdout has a line ">>> Cannot retry compilation with SMT ...".
# Why our users care: whoever puts solcjs where a tool asks for solc (crytic-compile, slither) gets "Unterminated
# string" for every project but the smallest; the module `solc` itself, called from Node, has no such bound.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --prefix . "solc@0.8.30" >/dev/null
solcjs=node_modules/.bin/solcjs
node $solcjs --version

python3 - <<'PY'
import json

function = "function f{0}(uint256 a) external pure returns (uint256) {{ return a + {0}; }}"
functions = "\n".join(function.format(n) for n in range(120))
source = f"// SPDX-License-Identifier: MIT\npragma solidity ^0.8.20;\ncontract C {{\n{functions}\n}}\n"
settings = {"outputSelection": {"*": {"": ["ast"], "*": ["abi", "evm.bytecode"]}}}
sources = {"C.sol": {"content": source}}
json.dump({"language": "Solidity", "sources": sources, "settings": settings}, open("in.json", "w"))
PY

node $solcjs --standard-json <in.json >file.out
node $solcjs --standard-json <in.json | { sleep 3; cat >pipe.out; }
echo "into a file: $(wc -c <file.out) bytes, into a pipe: $(wc -c <pipe.out), exit status ${PIPESTATUS[0]}"
head -1 file.out | grep -q '^>>>' && echo "a line before the JSON"
tail -n +2 file.out | python3 -c "import json, sys; json.load(sys.stdin)"
[ "$(wc -c <pipe.out)" -lt "$(wc -c <file.out)" ]
echo "as described"
