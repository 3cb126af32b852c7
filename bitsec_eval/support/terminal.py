"""Print what a command has to say: at once, so that a pipe or a service's journal has each line when it happens."""

import sys


def log(*lines: str) -> None:
    """Print lines on stdout, now."""
    for line in lines:
        print(line, flush=True)  # noqa: T201 - a command prints


def log_step(line: str) -> None:
    """Print on stderr, now, what a command is doing; stdout is for its result."""
    print(f"==> {line}", file=sys.stderr, flush=True)  # noqa: T201 - a command prints
