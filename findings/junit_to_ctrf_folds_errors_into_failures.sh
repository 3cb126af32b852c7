#!/usr/bin/env bash
# Guess: junit's failure and error stay two things in CTRF, which has the statuses failed and other, and a case is known by
# class and name.
# What happens: junit-to-ctrf writes "failed" for both, and the name is "SUITE: NAME" with the class left out, so that equal
# names from two files of tests cannot be told apart.
# Why our users care: the one difference that decides what an agent loses (its own failure, or an infrastructure error) is
# gone in any dashboard that reads CTRF, and so is the task a check belongs to.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund junit-to-ctrf@0.0.14
cat >one.xml <<'XML'
<?xml version="1.0" encoding="utf-8"?>
<testsuites name="pytest tests"><testsuite name="pytest" errors="1" failures="1" skipped="0" tests="3" time="9.5"
 timestamp="2026-01-01T00:00:00+00:00" hostname="a"><properties><property name="plan" value="first"/></properties>
<testcase classname="suite.test_sum" name="test_right" time="0.1"/>
<testcase classname="suite.test_sum" name="test_lost" time="0.1"><failure message="lost">lost</failure></testcase>
<testcase classname="suite.test_sum" name="test_void" time="0.1"><error message="void">void</error></testcase>
</testsuite></testsuites>
XML
npx junit-to-ctrf one.xml -o one.json >/dev/null
node -e 'for (const t of require("./one.json").results.tests) console.log(t.name + " = " + t.status)' | tee seen
node -e 'console.log("class names kept:", JSON.stringify(require("./one.json")).includes("test_sum"))' | tee -a seen
grep -qx "pytest: test_lost = failed" seen
grep -qx "pytest: test_void = failed" seen
grep -qx "class names kept: false" seen
