#!/usr/bin/env bash
# Guess: a test has the gas of a block, 30 million in forge's own block.gaslimit or what the chain allows.
# What happens: block.gaslimit and the gas that a test may use are both 2**30, so a test that spends four times what a block
# of 30 million holds passes.
# Why our users care: an exploit or a patched function that no block could hold counts as working. Set gas_limit and
# block_gas_limit in foundry.toml, or compare the gas that forge prints.
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
cat >test/Gas.t.sol <<'SOL'
// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

contract GasTest {
    event Seen(uint256 blockLimit, uint256 left);

    uint256[6000] slots;

    function test_limit() external {
        emit Seen(block.gaslimit, gasleft());
    }

    function test_spends_more_than_a_block_holds() external {
        for (uint256 i; i < 6000; i++) slots[i] = i + 1;
    }
}
SOL

"$forge" --version | head -1
"$forge" test -vvvv >seen.txt
grep -E 'Seen\(|test_spends.*gas: ' seen.txt | sed 's/^[^a-zA-Z[]*//' | tee few.txt
grep -q 'blockLimit: 1073741824' few.txt
spent=$(sed -n 's/.*test_spends.*gas: \([0-9]*\)).*/\1/p' few.txt)
((spent > 4 * 30000000))
