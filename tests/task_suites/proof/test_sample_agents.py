"""What the sample agent `careful` proves of the patch and exploit tasks, by looking at the code it is given."""

import subprocess
import sys
from pathlib import Path

import pytest

from bitsec_eval.core.errors import AnswerFault
from bitsec_eval.core.proof.public import Public
from bitsec_eval.plugin.proof.verdicts import judged, refuse
from bitsec_eval.sandbox.evm.places import EvmSandboxes
from tests.task_suites.proof.proof_cases import CASES, Case

AGENTS = Path(__file__).parents[3] / "agents"
PROVEN = {("crestal_network_h01", "exploit"), ("crestal_network_h01", "patch"), ("liquid_ron_h01", "patch")}
SILENT = {"exploit": Public.NO_SOURCE, "patch": Public.NO_PATCH}


def printed(agent: str, prompt: str, files: dict[str, str], folder: Path) -> str:
    """Return what an agent prints for a prompt in a folder of these files."""
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    command = [sys.executable, AGENTS / f"{agent}.py", "--task", prompt]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("kind", ["exploit", "patch"])
@pytest.mark.parametrize("name", CASES)
def test_careful_proves_what_it_finds_and_says_nothing_else(evm_engine, tmp_path, name, kind):
    case = Case(name, kind)
    answer = printed("careful", case.renaming.apply(case.task.task.prompt), case.files.project, tmp_path)
    places = EvmSandboxes(evm_engine)
    try:
        refuse(judged(case.files, places, "careful", kind, answer).verdict)
        reason = None
    except AnswerFault as fault:
        reason = fault.public
    finally:
        places.close()

    assert reason == (None if (name, kind) in PROVEN else SILENT[kind])


@pytest.mark.parametrize("kind", ["exploit", "patch"])
@pytest.mark.parametrize("name", CASES)
def test_careful_has_nothing_to_say_of_a_mended_project(tmp_path, name, kind):
    case = Case(name, kind)

    assert not printed("careful", case.renaming.apply(case.task.task.prompt), case.files.twin, tmp_path).strip()
