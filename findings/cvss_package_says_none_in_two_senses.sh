#!/usr/bin/env bash
# Guess: severities() of the package cvss gives one of the standard's grades for each score, and nothing where a vector has
# no such score.
# What happens: the text "None" stands for both: for the grade of a score of 0.0, and, with CVSS 2, for a temporal or
# environmental score that the vector does not have. CVSS 3 fills those with the base score's grade instead.
# Why our users care: a reader that takes the last grade given, the most specific one, sees "None" for a version 2
# vector of 10.0 and "Critical" for one of version 3. Look at scores(), where the absent one is None.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check cvss==3.6

"$folder/venv/bin/python" - <<'PY' | tee "$folder/seen"
from importlib.metadata import version

from cvss import CVSS2, CVSS3

print("cvss", version("cvss"))
for vector in (
    CVSS2("AV:N/AC:L/Au:N/C:C/I:C/A:C"),
    CVSS3("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"),
    CVSS3("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N"),
):
    print(type(vector).__name__, *(str(score) for score in vector.scores()), *vector.severities())
PY
grep -qx "CVSS2 10.0 None None High None None" "$folder/seen"
grep -qx "CVSS3 9.8 9.8 9.8 Critical Critical Critical" "$folder/seen"
grep -qx "CVSS3 0.0 0.0 0.0 None None None" "$folder/seen"
