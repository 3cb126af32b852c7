"""`init`: write a suite to begin with: a code task, a findings task with its twin, two agents and a pytest.ini."""

import argparse
from collections.abc import Iterator
from pathlib import Path

import bitsec_eval
from bitsec_eval.core.errors import SettingsError
from bitsec_eval.core.text import one_line
from bitsec_eval.support.terminal import log

_STARTER = Path(bitsec_eval.__file__).parent / "starter"


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = subparsers.add_parser(
        "init",
        help="write a task suite and agents to begin with",
        description="Write task_suites/demo with a code task and a findings task, agents/ with two agents, and a"
        " pytest.ini that suits an evaluation. Files that are there already are never overwritten.",
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="made if it does not exist")
    parser.set_defaults(main=main)


def main(args: argparse.Namespace) -> int:
    """Write the files, or none of them, and say what to do next."""
    files = list(starter_files())
    taken = [str(name) for name in files if (args.folder / name).exists()]
    if taken:
        shown = one_line(str(args.folder / taken[0]))
        raise SettingsError(f"{shown} is there already; give another folder")
    try:
        for name in files:
            path = args.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes((_STARTER / name).read_bytes())
    except OSError as error:
        raise SettingsError(f"{one_line(str(args.folder))}: cannot be written ({error.strerror})") from None
    log(_next_steps(args.folder, files))
    return 0


def starter_files() -> Iterator[Path]:
    """Yield the paths of the files, relative to the folder they are written into."""
    for path in sorted(_STARTER.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(_STARTER)


def _next_steps(folder: Path, files: list[Path]) -> str:
    written = "\n".join(f"  {folder / name}" for name in files)
    return f"""wrote
{written}
next
  cd {folder}
  bitsec-eval image build
  pytest --bitsec-agents=agents/"""
