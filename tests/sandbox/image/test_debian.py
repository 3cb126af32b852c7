"""Debian's packages come from the machine's own mirrors or a given one, and what is missing is one clear line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bitsec_eval.core.errors import SandboxError
from bitsec_eval.sandbox.image.debian import mirrors_in, sources, unpack

TOLD = """\
http://mirror.example/debian/ bookworm main Debian
http://mirror.example/debian/ bookworm-updates main Debian
http://mirror.example/debian/ bookworm non-free-firmware Debian
http://mirror.example/debian-security/ bookworm-security main Debian
https://download.example/linux/debian bookworm stable
https://tools.example/apt trixie main Tools
"""


def test_a_machines_mirrors_are_debians_and_no_others():
    assert mirrors_in(TOLD) == (["http://mirror.example/debian"], ["http://mirror.example/debian-security"])


def test_before_lists_are_fetched_every_main_component_may_be_debians():
    archives, _ = mirrors_in(TOLD.replace(" Debian", "").replace(" Tools", ""))

    assert archives == ["http://mirror.example/debian", "https://tools.example/apt"]


def test_a_given_mirror_is_used_alone():
    assert list(sources({"BITSEC_DEBIAN_MIRROR": "http://mirror.example/debian/"})) == [
        (
            "http://mirror.example/debian bookworm",
            "http://mirror.example/debian bookworm-updates",
            "http://mirror.example/debian-security bookworm-security",
        )
    ]


def test_a_mirror_that_does_not_answer_is_named(tmp_path: Path):
    with pytest.raises(SandboxError, match="could not read Debian's package lists from http://127.0.0.1:9/debian: "):
        unpack(("dash",), tmp_path, "amd64", {"BITSEC_DEBIAN_MIRROR": "http://127.0.0.1:9/debian"})


@pytest.mark.parametrize(
    ("apt_get", "words"),
    [
        (None, "there is no apt-get to fetch Debian's Python; run 'docker pull python:3.11-slim'"),
        (
            "#!/bin/sh\necho http://ports.example/ubuntu noble main Ubuntu\n",
            "this machine's apt has no mirror of Debian",
        ),
    ],
)
def test_a_machine_that_is_no_debian_reads_what_to_do(tmp_path: Path, apt_get: str | None, words: str):
    commands, work = tmp_path / "bin", tmp_path / "work"
    commands.mkdir()
    work.mkdir()
    if apt_get:
        (commands / "apt-get").write_text(apt_get)
        (commands / "apt-get").chmod(0o755)
    code = f"from bitsec_eval.sandbox.image.debian import *; unpack(['dash'], Path({str(work)!r}), 'amd64', {{}})"

    ran = subprocess.run(
        [sys.executable, "-c", code],
        env={"PATH": str(commands), "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
    )

    assert f"SandboxError: {words}" in ran.stderr
