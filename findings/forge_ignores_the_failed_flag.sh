#!/usr/bin/env bash
# Guess: a test contract in the style of ds-test, whose assertions set a flag that `failed()` returns, fails where the flag
# is set: forge has understood that from its beginning.
# What happens: since forge 1.0 only a revert fails a test. The flag is looked at only with legacy_assertions = true.
# Why our users care: many audited projects carry an old ds-test or forge-std in lib/. Their assertions do nothing with a new
# forge, so a hidden test that asserts passes on the faulty source too. Run a control that must fail.
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
cat >test/Flag.t.sol <<'SOL'
// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

contract FlagTest {
    bool public failed;

    function assertTrue(bool condition) internal {
        if (!condition) failed = true;
    }

    function test_nothing_is_lost() external {
        assertTrue(1 == 2);
    }
}
SOL

"$forge" --version | head -1
new=0 old=0
"$forge" test >new.txt || new=$?
printf '[profile.default]\nlegacy_assertions = true\n' >foundry.toml
"$forge" test >old.txt || old=$?
echo "status $new by default, $old with legacy_assertions = true"
grep -h 'test_nothing_is_lost()' new.txt
((new == 0 && old == 1))
