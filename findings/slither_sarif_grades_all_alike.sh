#!/usr/bin/env bash
# Guess: slither's SARIF has a level for each result that follows the detector's impact (High is an error, Informational a
# note), and its precision is the detector's confidence.
# What happens: every level is "warning". The impact is to be had from security-severity, or from the first digit of the
# rule's id (0 is High, 3 Informational), and precision is one step better than the confidence: "high" for Medium.
# Why our users care: who grades a report by level, as SARIF's own text has it, sees a reentrancy and a naming convention as
# equals, so a scorer that pays by severity pays both or neither. Read the JSON report, or security-severity.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check slither-analyzer==0.11.6 'setuptools<81'
npm install --silent --no-audit --no-fund solc@0.8.30
cat >solc <<'SH'
#!/usr/bin/env bash
case " $* " in
*" --version "*) printf 'solc, the solidity compiler commandline interface\nVersion: 0.8.30+commit.73712a01.Linux.g++\n' ;;
*) node -e 'fs.writeFileSync("out.json", require("solc").compile(fs.readFileSync(0, "utf8")))' && cat out.json ;;
esac
SH
chmod +x solc
cat >Bank.sol <<'SOL'
pragma solidity 0.8.30;

contract Bank {
    mapping(address => uint256) owed;

    function put() external payable {
        owed[msg.sender] += msg.value;
    }

    function Take() external {
        (bool ok,) = msg.sender.call{value: owed[msg.sender]}("");
        require(ok);
        owed[msg.sender] = 0;
    }
}
SOL
node >project.json <<'JS'
const contract = ["abi", "metadata", "userdoc", "devdoc", "evm.bytecode", "evm.deployedBytecode", "evm.methodIdentifiers"];
const settings = { outputSelection: { "*": { "": ["ast"], "*": contract } } };
const sources = { "Bank.sol": { content: require("fs").readFileSync("Bank.sol", "utf8") } };
console.log(JSON.stringify({ language: "Solidity", sources, settings }));
JS

echo "slither $(venv/bin/slither --version)"
venv/bin/slither project.json --compile-force-framework solc-json --solc "$PWD/solc" \
  --json report.json --sarif report.sarif >log.txt 2>&1 || true # its status is 255 where it found something
venv/bin/python - <<'PY' | tee seen
import json

detectors = {each["check"]: each for each in json.load(open("report.json"))["results"]["detectors"]}
run = json.load(open("report.sarif"))["runs"][0]
rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
for result in run["results"]:
    rule = rules[result["ruleId"]]
    found, told = detectors[rule["name"]], rule["properties"]
    print(
        f"{rule['id']}: impact {found['impact']}, confidence {found['confidence']}"
        f" = level {result['level']}, security-severity {told['security-severity']}, precision {told['precision']}"
    )
PY
grep -q "^0-1-reentrancy-eth: impact High, confidence Medium = level warning, .* precision high$" seen
grep -q "^3-0-naming-convention: impact Informational, confidence High = level warning, .* precision very-high$" seen
