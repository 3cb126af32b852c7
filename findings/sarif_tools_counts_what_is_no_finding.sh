#!/usr/bin/env bash
# Guess: a result that a SARIF file says is suppressed, or one of the kind "pass", is not counted as a finding.
# What happens: sarif-tools counts both: the suppressed one as an error, by which `sarif --check error` fails, and the one
# that passed among the findings of the level "none".
# Why our users care: a report's number of findings, and so its precision, depends on the reader. SARIF's own text says that a
# suppressed result is not to be shown by default. Drop results with suppressions and with another kind than "fail" first.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check sarif-tools==3.0.5
cat >report.sarif <<'JSON'
{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "T", "rules": [{"id": "R1"}]}}, "results": [
  {"ruleId": "R1", "kind": "pass", "level": "none", "message": {"text": "this one passed"}},
  {"ruleId": "R1", "level": "error", "message": {"text": "accepted"}, "suppressions": [{"kind": "external"}]}]}]}
JSON

venv/bin/sarif --version
venv/bin/sarif summary report.sarif | grep -E '^[a-z]+: ' | tee seen
status=0
venv/bin/sarif --check error summary report.sarif >/dev/null 2>&1 || status=$?
echo "status of --check error: $status"
grep -qx "error: 1" seen
grep -qx "none: 1" seen
((status != 0))
