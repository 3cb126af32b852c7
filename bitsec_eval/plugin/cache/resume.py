"""Which evaluation is going on in a results folder, so that an interrupted one can go on where it stopped.

`evaluation.json` is written when the first run starts, and says at the end that the evaluation has ended.
What goes on keeps its id, start and seed: its board is then the one it would have had.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

from bitsec_eval.core.errors import SettingsError
from bitsec_eval.support.atomic_files import read_json, write_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """An evaluation that was begun in this folder; `agents` are versions by name.

    `run_seconds` is what one run of each task took on average, told when it has ended. `stage` says what goes on,
    "screening" or "evaluating", where agents are screened.
    """

    evaluation: str
    started: str
    seed: int
    repeats: int
    agents: Mapping[str, str]
    ended: bool = False
    run_seconds: Mapping[str, float] = field(default_factory=dict)
    stage: str = ""


def begun_file(results: Path) -> Path:
    """Return where the evaluation is noted."""
    return results / "evaluation.json"


def note_begun(results: Path, begun: Begun) -> None:
    """Write down which evaluation goes on, or that it has ended."""
    write_json(begun_file(results), asdict(begun))


def restoring(path: Path) -> Callable[[], object]:
    """Return what puts a file back as it is now, or away if there is none."""
    if not path.exists():
        return partial(path.unlink, missing_ok=True)
    return partial(path.write_bytes, path.read_bytes())


def last_begun(results: Path) -> Begun | None:
    """Return the evaluation begun last, or None where there is none that can be understood."""
    found = read_json(begun_file(results))
    try:
        begun = Begun(**found) if found else None
    except TypeError:
        return None
    return begun if begun is None or _is_sound(begun) else None


def _is_sound(begun: Begun) -> bool:
    told = isinstance(begun.stage, str)
    texts = (begun.evaluation, begun.started)
    whole = (begun.seed, begun.repeats)
    return (
        told
        and isinstance(begun.run_seconds, dict)
        and all(type(each) in (int, float) for each in begun.run_seconds.values())
        and all(isinstance(each, str) and each for each in texts)
        and all(type(each) is int for each in whole)
        and isinstance(begun.agents, dict)
    )


def continued(results: Path, shown: str, *, resume: bool, rerun: str | None) -> Begun | None:
    """Return the evaluation to go on with, or None where a new one is wanted.

    Raises:
        SettingsError: there is none to go on with.
    """
    if not resume and rerun is None:
        return None
    begun = last_begun(results)
    option = "--bitsec-resume" if resume else f"--bitsec-rerun={rerun}"
    if begun is None:
        raise SettingsError(f"{option}: no evaluation was begun in {shown}; start one without this option")
    if resume and begun.ended:
        raise SettingsError(
            f"--bitsec-resume: the evaluation in {shown} has ended; start a new one without this option,"
            " or redo its void runs with --bitsec-rerun=void"
        )
    return begun


def check_same(begun: Begun, agents: Mapping[str, str], repeats: int) -> None:
    """Refuse to go on with agents or repeats other than those the evaluation was begun with.

    Raises:
        SettingsError: they differ.
    """
    changed = sorted(name for name in {*agents, *begun.agents} if agents.get(name) != begun.agents.get(name))
    if changed:
        raise SettingsError(
            f"cannot go on: {', '.join(changed[:3])} changed since the evaluation was begun;"
            " start a new one with --bitsec-reuse, which keeps every answer that is still valid"
        )
    if repeats != begun.repeats:
        raise SettingsError(
            f"cannot go on: the evaluation was begun with --bitsec-repeat={begun.repeats}; give it too"
        )
