#!/usr/bin/env bash
# Guess: slither's SARIF file says when the contracts could not be compiled, as its JSON file does ("success": false),
# by `invocations[].executionSuccessful` or at least by no file.
# What happens: it writes a valid SARIF log with no result, no rule and no invocation, the same as for contracts in
# which nothing was found. Only the exit status and the JSON file tell.
# Why our users care: who scores or uploads SARIF files later holds a project that never compiled for a clean one.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check "slither-analyzer==0.11.6" "setuptools<81" 2>/dev/null
echo "slither $(venv/bin/slither --version)"

# A compiler that answers as solc does: at first that it cannot compile, then that there is no contract at all.
cat >solc <<'SH'
#!/usr/bin/env bash
case " $* " in
*" --version "*) printf 'solc, the solidity compiler commandline interface\nVersion: 0.8.30+commit.73712a01.Linux.g++\n' ;;
*) cat "$ANSWER" ;;
esac
SH
chmod +x solc
echo '{"errors": [{"severity": "error", "type": "ParserError", "formattedMessage": "expected ;"}]}' >fails.json
echo '{"contracts": {}, "sources": {}}' >nothing.json
echo '{"language": "Solidity", "sources": {}, "settings": {}}' >project.json

analyse() { # NAME
  ANSWER="$PWD/$1.json" venv/bin/slither project.json --compile-force-framework solc-json --solc "$PWD/solc" \
    --json "$1.report.json" --sarif "$1.sarif" >"$1.log" 2>&1 && echo "$1: exit 0" || echo "$1: exit $?"
}
analyse fails
analyse nothing

venv/bin/python - <<'PY'
import json

told = {name: json.load(open(f"{name}.report.json"))["success"] for name in ("fails", "nothing")}
print("success in JSON:", told)
assert told == {"fails": False, "nothing": True}
failed, clean = (json.load(open(f"{name}.sarif")) for name in ("fails", "nothing"))
(run,) = failed["runs"]
print("SARIF of the failure:", json.dumps({key: run[key] for key in run if key != "tool"}))
assert run["results"] == [] and "invocations" not in run
assert failed == clean, "the two files differ"
PY
echo "as described: the two SARIF files are equal"
