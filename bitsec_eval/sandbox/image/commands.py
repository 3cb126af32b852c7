"""Run one of the system's own commands; an error ends with the command's own words."""

import subprocess
from collections.abc import Mapping, Sequence
from typing import IO

from bitsec_eval.core.errors import SandboxError
from bitsec_eval.core.text import one_line

SECONDS = 600
"""No step of making an image takes longer."""


def run_command(
    failure: str,
    command: Sequence[str],
    *,
    stdin: bytes = b"",
    stdout: IO[bytes] | None = None,
    environ: Mapping[str, str] | None = None,
) -> bytes:
    """Run `command` and return what it prints, unless that goes to `stdout`.

    Raises:
        SandboxError: it cannot be run, fails, or takes too long; the message begins with `failure`.
    """
    try:
        done = subprocess.run(  # noqa: S603 - commands of ours
            command,
            input=stdin,
            stdout=stdout or subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=SECONDS,
            env=environ,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SandboxError(f"{failure}: {one_line(str(error), 300)}") from None
    if done.returncode != 0:
        raise SandboxError(f"{failure}: {last_words(done.stderr, done.stdout)}")
    return done.stdout or b""


def last_words(*streams: bytes | None) -> str:
    r"""Return the last line with words in the first stream that has one.

    >>> last_words(b"", b"Reading lists\nE: no such package\n\n")
    'E: no such package'
    """
    for stream in streams:
        lines = [line for line in (stream or b"").decode(errors="backslashreplace").splitlines() if line.strip()]
        if lines:
            return one_line(lines[-1].strip(), 300)
    return "it said nothing"
