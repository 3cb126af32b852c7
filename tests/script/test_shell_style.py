"""The shell scripts have none of the mistakes that shellcheck knows."""

import shutil
import subprocess

import pytest

from tests.script.machine import REPOSITORY


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
def test_shellcheck_has_nothing_to_say():
    scripts = [path for path in (REPOSITORY / "script").rglob("*") if path.is_file()]
    scripts.append(REPOSITORY / ".ci/run")

    done = subprocess.run(["shellcheck", "-x", *scripts], cwd=REPOSITORY, capture_output=True, text=True)

    assert done.stdout == ""
