#!/usr/bin/env bash
# Guess: every call of a test is a transaction, or at least `forge test` and `forge test --isolate` agree on what passes.
# What happens: without --isolate a test is one transaction. A lock in transient storage that a chain would open for the
# second transaction stays shut: the same test fails plainly and passes isolated.
# Why our users care: a patch or an exploit gets opposite verdicts by a flag of its grader. Where a project uses transient
# storage, grade with --isolate, which is what a chain does.
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
printf '[profile.default]\nevm_version = "cancun"\n' >foundry.toml
mkdir src test
cat >src/Lock.sol <<'SOL'
// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

contract Lock {
    bool transient used;

    function once() external {
        require(!used, "used in this transaction");
        used = true;
    }
}
SOL
cat >test/Lock.t.sol <<'SOL'
// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Lock} from "../src/Lock.sol";

contract LockTest {
    function test_twice() external {
        Lock lock = new Lock();
        lock.once();
        lock.once();
    }
}
SOL

"$forge" --version | head -1
plain=0 isolated=0
"$forge" test >plain.txt || plain=$?
"$forge" test --isolate >isolated.txt || isolated=$?
grep -h 'test_twice()' plain.txt | head -1
grep -h 'test_twice()' isolated.txt
echo "exit status: $plain plain, $isolated isolated"
((plain == 1 && isolated == 0))
grep -q 'FAIL: used in this transaction' plain.txt
