#!/usr/bin/env bash
# Guess: `forge test --match-test NAME` fails when the project has no test of that name, as pytest does with status 5.
# What happens: it warns on stderr that no tests match, and exits with 0.
# Why our users care: a grader that runs one hidden test and looks at the exit status takes a test that was renamed,
# removed or put under another path for one that passed. Count the tests that ran.
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
cat >test/Sum.t.sol <<'SOL'
// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

contract SumTest {
    function test_sum() external pure {
        require(1 + 1 == 2);
    }
}
SOL

"$forge" --version | head -1
for option in "--match-test test_sum" "--match-test test_product" "--match-path test/Product.t.sol"; do
  status=0
  # shellcheck disable=SC2086
  "$forge" test $option >seen.txt 2>warned.txt || status=$?
  echo "$option: status $status, $(grep -c '^\[PASS\]' seen.txt) passed, $(grep -c 'no tests match' warned.txt) warned"
done | tee all.txt
grep -qx -- '--match-test test_sum: status 0, 1 passed, 0 warned' all.txt
grep -qx -- '--match-test test_product: status 0, 0 passed, 1 warned' all.txt
grep -qx -- '--match-path test/Product.t.sol: status 0, 0 passed, 1 warned' all.txt
