#!/usr/bin/env bash
# Guess: where setUp() reverts, every test of the contract is reported as failed under its own name.
# What happens: forge reports one failure named "setUp()" and nothing of the tests, in the text, in --json and in --junit.
# Why our users care: a grader that looks for its hidden test by name finds neither a pass nor a failure, and a share of
# tests passed counts one instead of many. A broken set-up is no verdict about an answer: look for it first.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund @foundry-rs/forge-linux-amd64@1.7.1 solc@0.8.30
cat >compiler <<'JS'
#!/usr/bin/env node
const solc = require("solc"), input = () => require("fs").readFileSync(0, "utf8");
console.log(process.argv.includes("--version") ? solc.version().split("+")[0] : solc.compile(input()));
JS
chmod +x compiler
export FOUNDRY_SOLC=$folder/compiler FOUNDRY_OFFLINE=true NO_COLOR=1
forge=node_modules/@foundry-rs/forge-linux-amd64/bin/forge
mkdir test
cat >test/Vault.t.sol <<'SOL'
// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

contract VaultTest {
    function setUp() external pure {
        revert("no vault");
    }

    function test_deposit() external pure {}

    function test_withdraw() external pure {}

    function test_total() external pure {}
}
SOL

"$forge" --version | head -1
echo "listed: $("$forge" test --list --json)"
for form in --json --junit; do
  "$forge" test $form >seen.txt || true
  echo "$form names: $(grep -Eo '(setUp|test_[a-z]+)\(\)' seen.txt | sort -u | tr '\n' ' ')"
done | tee all.txt
"$forge" test | grep -E 'total tests' | tee -a all.txt || true
grep -qx -- '--json names: setUp() ' all.txt
grep -qx -- '--junit names: setUp() ' all.txt
grep -q '0 tests passed, 1 failed, 0 skipped (1 total tests)' all.txt
