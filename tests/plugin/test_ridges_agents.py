"""Agents in the shape of Ridges' work as in their own sandbox: its folders, its git, its way to try an agent out."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from inference.server import answer, serving
from plugin.evaluations import Ran, command, lay_out, run
from sandbox.image.wheels import make_wheel, own_name, remove_image, requirements_of

from bitsec_eval.cli import main
from bitsec_eval.sandbox.docker.engine import DockerSandbox
from bitsec_eval.sandbox.image.libraries_build import MadeImage, build_libraries_image

ROOT = Path(__file__).parents[2]
CASE = "next_generation_h01"
GIVEN = "--bitsec-include-solutions"
SAMPLE = """
import json, os, urllib.request

PROXY = os.getenv("SANDBOX_PROXY_URL")


def agent_main(input):
    payload = {"run_id": os.getenv("RUN_ID"), "model": "small", "temperature": 0.5,
               "messages": [{"role": "user", "content": "2 + 2?"}]}
    asked = urllib.request.Request(PROXY + "/api/inference", json.dumps(payload).encode())
    assert urllib.request.urlopen(asked).read().decode().strip('"') == "four"
    with open("/sandbox/solution.diff") as file:
        return file.read()
"""
READING = """
import os, subprocess
from pathlib import Path


def solution():
    return Path("/sandbox/solution.diff").read_text()


def agent_main({parameters}):
    {body}
"""
APPLIED = """
    os.chdir("/sandbox/repo")
    subprocess.run(["git", "apply", "-"], input=solution().encode(), check=True)
    Path("notes.txt").write_text("not of the patch")
    subprocess.run(["git", "add", "-A", "--", "src"], check=True)
    return subprocess.run(["git", "diff", "--cached"], check=True, capture_output=True, text=True).stdout
"""
COMMITTED = """
    subprocess.run(["git", "apply", "-"], input=solution().encode(), check=True)
    subprocess.run(["git", "commit", "-qam", "mend"], check=True)
    return subprocess.check_output(["git", "diff", "HEAD~1", "HEAD"], text=True)
"""
WRITTEN = """
    Path("/sandbox/answer.diff").write_text(solution())
    return Path("/sandbox/answer.diff").read_text()
"""
FILE_NAME = """
    Path("/sandbox/answer.diff").write_text(solution())
    return "/sandbox/answer.diff"
"""
RIGHT = {
    "sample": SAMPLE,
    "applied": READING.format(parameters="input", body=APPLIED),
    "committed": READING.format(parameters="input_dict, repo_dir='repo'", body=COMMITTED),
    "written": READING.format(parameters="problem", body=WRITTEN),
    "in_a_dict": READING.format(parameters="input", body="return {'patch': solution(), 'cost': 0.1}"),
    "as_swe_bench": READING.format(parameters="input", body="return {'model_patch': solution()}"),
    "in_a_fence": READING.format(parameters="input", body="return 'Done.\\n```diff\\n' + solution() + '```\\n'"),
    "by_default": READING.format(
        parameters="input=None, **more", body="assert input['problem_statement']; return solution()"
    ),
}
WRONG = {
    "nothing": READING.format(parameters="input", body="return None"),
    "empty": READING.format(parameters="input", body="return ''"),
    "a_file_name": READING.format(parameters="input", body=FILE_NAME),
    "a_failure": READING.format(parameters="input", body="raise RuntimeError(solution())"),
}


@pytest.fixture(scope="module")
def image(engine: DockerSandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MadeImage]:
    """An image with a library and git."""
    folder, name = tmp_path_factory.mktemp("wheels"), own_name("git")
    make_wheel(folder, "greetings", {"greetings.py": ""})
    try:
        yield build_libraries_image(requirements_of(folder, "greetings"), name, folder / "state", git=True)
    finally:
        remove_image(name)


def tasks_in(image: MadeImage) -> dict[str, str]:
    """Return the shipped patch task, called as Ridges calls agents, in the image."""
    proof = ROOT / "task_suites/proof"
    told = (proof / f"test_{CASE}_patch.py").read_text()
    more = f'    protocol="agent_main",\n    image="{image.pinned}",\n'
    files = {path.relative_to(proof).as_posix(): path.read_text() for path in (proof / CASE).rglob("*.*")}
    return {f"suite/{path}": text for path, text in files.items()} | {
        "suite/test_mend.py": told.replace('    answer="patch",\n', '    answer="patch",\n' + more)
    }


def evaluate(folder: Path, image: MadeImage, agents: dict[str, str], *options: str) -> Ran:
    lay_out(folder, agents, tasks_in(image))
    with serving() as server:
        server.otherwise = answer("four")
        llm = ["--bitsec-llm=live", f"--bitsec-llm-base-url={server.url}", "--bitsec-llm-models=small"]
        return run(folder, *command(*llm, *options), BITSEC_LLM_API_KEY="key")


@pytest.fixture(scope="module")
def given(image: MadeImage, evm_engine: object, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return evaluate(tmp_path_factory.mktemp("given"), image, {**RIGHT, **WRONG}, GIVEN)


def test_an_agent_that_is_given_the_solution_ends_with_a_patch_that_is_judged(given: Ran):
    assert given.status == 0, given.output
    assert given.scores() == {**dict.fromkeys(RIGHT, 100.0), **dict.fromkeys(WRONG, 0.0)}


def test_it_is_paid_to_nobody_and_the_board_says_why(given: Ran):
    board = given.board()

    assert {row["reward"] for row in board["agents"]} == {0}
    assert any("agents were given the solutions (--bitsec-include-solutions)" in note for note in board["notes"])


def test_without_the_option_there_is_none_and_such_records_do_not_merge(
    given: Ran, image: MadeImage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    usual = evaluate(tmp_path, image, {"sample": SAMPLE})

    assert usual.scores() == {"sample": 0.0}
    assert (
        "FileNotFoundError"
        in json.loads((tmp_path / "results/private/runs/sample/suite__mend.json").read_text())["stderr"]
    )
    assert main(["leaderboard", *(str(ran.folder / "results/junit.xml") for ran in (given, usual))]) == 2
    assert "suite/mend differs in its solution" in capsys.readouterr().err
