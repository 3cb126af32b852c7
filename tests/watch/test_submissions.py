"""A version was submitted when a hub first took it in; without a hub's notes, when its file was written."""

import json
import os
from pathlib import Path

import pytest

from bitsec_eval.support.digest import sha256
from bitsec_eval.watch.submissions import submissions

SOURCE = b"print(1)\n"
NOTED = [
    {"sha256": sha256(SOURCE), "time": "2026-01-01T05:00:00+00:00"},
    {"sha256": "another", "time": "2026-01-01T01:00:00+00:00"},
    {"sha256": sha256(SOURCE), "time": "2026-01-01T09:00:00+00:00"},
]


def submitted(folder: Path, noted: object) -> str:
    file = folder / "alice.py"
    file.write_bytes(SOURCE)
    os.utime(file, (1_700_000_000, 1_700_000_000))
    (folder / "alice.json").write_text(json.dumps(noted))
    (found,) = submissions(folder).agents
    return found.submitted


def test_the_hub_says_when_it_first_took_this_version_in(tmp_path):
    assert submitted(tmp_path, {"versions": NOTED}) == "2026-01-01T05:00:00+00:00"


UNSAID = [
    {},
    [],
    {"versions": 5},
    {"versions": [5]},
    {"versions": NOTED[1:2]},
    {"versions": [NOTED[0] | {"time": "soon"}]},
]


@pytest.mark.parametrize("noted", UNSAID)
def test_without_its_notes_the_file_does(tmp_path, noted):
    assert submitted(tmp_path, noted) == "2023-11-14T22:13:20+00:00"
