"""An imported audit on disk: its workspace for agents, and beside it what no agent sees.

`audit.json` describes the hidden tests, whose files lie in `hidden/ID/`; `gold/` has the files that mend the project.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from bitsec_eval.core.errors import TaskError
from bitsec_eval.core.proof.foundry import FoundryCase, HiddenTest
from bitsec_eval.core.text import one_line
from bitsec_eval.sandbox.execution.workspace import read_workspace
from bitsec_eval.sandbox.image_names import FOUNDRY_COMPILERS

CASE_FILE = "audit.json"
WORKSPACE, GOLD, HIDDEN = "workspace", "gold", "hidden"


def write_case(folder: Path, case: FoundryCase) -> None:
    """Write a case into a new folder."""
    _write_files(folder / WORKSPACE, case.files)
    _write_files(folder / GOLD, case.gold)
    for hidden in case.hidden:
        _write_files(folder / HIDDEN / hidden.id, hidden.files)
    about = {
        "name": case.name,
        "compiler": case.compiler,
        "editable": list(case.editable),
        "options": list(case.options),
        "allowed_to_fail": sorted(case.allowed_to_fail),
        "hidden": [
            {
                "id": hidden.id,
                "test": hidden.test,
                "file": next(iter(hidden.files)),
                "passes_on_faulty": hidden.passes_on_faulty,
                "options": list(hidden.options),
            }
            for hidden in case.hidden
        ],
    }
    (folder / CASE_FILE).write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")


def _write_files(folder: Path, files: Mapping[str, str]) -> None:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8", newline="")


def read_case(folder: Path) -> FoundryCase:
    """Return the case in a folder that `write_case` wrote.

    Raises:
        TaskError: it is not there, or not as it was written.
    """
    path = folder / CASE_FILE
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        case = FoundryCase(
            name=told["name"],
            compiler=told["compiler"],
            files=_texts(folder / WORKSPACE),
            gold=_texts(folder / GOLD),
            hidden=tuple(_hidden(folder / HIDDEN, each) for each in told["hidden"]),
            editable=tuple(told["editable"]),
            allowed_to_fail=frozenset(told["allowed_to_fail"]),
            options=tuple(told["options"]),
        )
    except OSError as error:
        raise TaskError(f"{path}: cannot be read ({error.strerror}); import the audit again") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise TaskError(f"{path}: not what import writes ({one_line(repr(error), 80)}); import again") from None
    if case.compiler not in FOUNDRY_COMPILERS:
        raise TaskError(f"{path}: Solidity {case.compiler!r:.40} is not in the image; import the audit again")
    return case


def _hidden(folder: Path, told: Mapping[str, object]) -> HiddenTest:
    files = _texts(folder / str(told["id"]))
    first = str(told["file"])
    options = told["options"]
    return HiddenTest(
        id=str(told["id"]),
        test=str(told["test"]),
        files={first: files.pop(first), **files},
        passes_on_faulty=bool(told["passes_on_faulty"]),
        options=tuple(map(str, options if isinstance(options, Iterable) else ())),
    )


def _texts(folder: Path) -> dict[str, str]:
    return {path: content.decode("utf-8") for path, content in read_workspace(folder).items()}
