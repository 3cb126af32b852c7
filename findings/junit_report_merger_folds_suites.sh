#!/usr/bin/env bash
# Guess: a merger of junit files puts the suites side by side, each with its own properties, times and host.
# What happens: junit-report-merger folds suites of one name into one. pytest calls every suite "pytest", so two records
# become one suite with the first one's host and time stamp, which holds two <properties> elements, the second of them
# behind test cases, where no schema of junit allows it.
# Why our users care: a record whose properties say under which plan it was made cannot be told from its neighbour after a
# merge, and a strict reader refuses the file. Merge records with the tool that wrote them.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund junit-report-merger@9.0.4
cat >one.xml <<'XML'
<?xml version="1.0" encoding="utf-8"?>
<testsuites name="pytest tests"><testsuite name="pytest" errors="1" failures="1" skipped="0" tests="3" time="9.5"
 timestamp="2026-01-01T00:00:00+00:00" hostname="a"><properties><property name="plan" value="first"/></properties>
<testcase classname="suite.test_sum" name="test_right" time="0.1"/>
<testcase classname="suite.test_sum" name="test_lost" time="0.1"><failure message="lost">lost</failure></testcase>
<testcase classname="suite.test_sum" name="test_void" time="0.1"><error message="void">void</error></testcase>
</testsuite></testsuites>
XML
sed -e 's/value="first"/value="second"/' -e 's/hostname="a"/hostname="b"/' -e 's/2026-01-01/2026-02-02/' one.xml >two.xml
npx jrm merged.xml one.xml two.xml
python3 - <<'PY' | tee seen
from xml.etree import ElementTree

suites = ElementTree.parse("merged.xml").getroot().findall("testsuite")
print("suites:", len(suites), "of hosts", [suite.get("hostname") for suite in suites])
print("children:", " ".join(child.tag for child in suites[0]))
PY
grep -qx "suites: 1 of hosts \['a'\]" seen
grep -qx "children: properties testcase testcase testcase properties testcase testcase testcase" seen
