#!/usr/bin/env bash
# Guess: base_score means the same for a CVSS 4 vector as for a CVSS 3 one: what the base metrics alone give.
# What happens: CVSS 4 has one score over all metrics that a vector names, and the package cvss calls it base_score. With
# "exploit maturity: unreported" (E:U) a vulnerability of 9.3 has a base_score of 8.1, so it is High and not Critical; the
# base_score of a version 3 vector stays what it is.
# Why our users care: two reports of one fault get different grades by a threat metric that says nothing about the fault, as
# soon as one of them is written in version 4. Strip threat metrics before comparing.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check cvss==3.6

"$folder/venv/bin/python" - <<'PY' | tee "$folder/seen"
from importlib.metadata import version

from cvss import CVSS3, CVSS4

V3 = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
V4 = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"
print("cvss", version("cvss"))
for kind, vector in ((CVSS3, V3), (CVSS4, V4)):
    plain, unreported = kind(vector), kind(f"{vector}/E:U")
    print(kind.__name__, plain.base_score, plain.severities()[0], "with E:U", unreported.base_score, unreported.severities()[0])
PY
grep -qx "CVSS3 9.8 Critical with E:U 9.8 Critical" "$folder/seen"
grep -qx "CVSS4 9.3 Critical with E:U 8.1 High" "$folder/seen"
