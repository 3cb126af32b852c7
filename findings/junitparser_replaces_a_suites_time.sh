#!/usr/bin/env bash
# Guess: reading a junit file with junitparser and writing it again, or merging it with another one, keeps the suites' own
# attributes, as it keeps those of the cases.
# What happens: a suite's time is replaced by the sum of its cases' times.
# Why our users care: pytest's suite time is the wall clock of the whole session, set-up and waiting included, and with
# parallel workers it is less than the sum. A dashboard behind a merge shows another duration than the run had.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check junitparser==5.0.3
cat >one.xml <<'XML'
<?xml version="1.0" encoding="utf-8"?>
<testsuites name="pytest tests"><testsuite name="pytest" errors="1" failures="1" skipped="0" tests="3" time="9.5"
 timestamp="2026-01-01T00:00:00+00:00" hostname="a"><properties><property name="plan" value="first"/></properties>
<testcase classname="suite.test_sum" name="test_right" time="0.1"/>
<testcase classname="suite.test_sum" name="test_lost" time="0.1"><failure message="lost">lost</failure></testcase>
<testcase classname="suite.test_sum" name="test_void" time="0.1"><error message="void">void</error></testcase>
</testsuite></testsuites>
XML
sed 's/hostname="a"/hostname="b"/' one.xml >two.xml
venv/bin/junitparser merge one.xml two.xml merged.xml
venv/bin/python - <<'PY' | tee seen
from importlib.metadata import version
from xml.etree import ElementTree

print("junitparser", version("junitparser"))
for file in ("one.xml", "merged.xml"):
    suites = ElementTree.parse(file).getroot().findall("testsuite")
    print(file, [(suite.get("hostname"), round(float(suite.get("time")), 3)) for suite in suites])
PY
grep -qx "one.xml \[('a', 9.5)\]" seen
grep -qx "merged.xml \[('a', 0.3), ('b', 0.3)\]" seen
