"""The sample agent solves coding tasks, audits and proves through the LLM; where there is none it answers nothing."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from inference.server import Handler, Server, answer, completion, status
from plugin.evaluations import command, run

from bitsec_eval.sandbox.docker.engine import DockerSandbox

ROOT = Path(__file__).parents[2]
AGENT = (ROOT / "agents" / "thinker.py").read_text()
TASKS = [
    "task_suites/coding/test_reverse_string.py",
    "task_suites/coding/test_duration.py",
    "task_suites/scabench/test_liquid_ron_h01.py",
]


@pytest.fixture
def folder(tmp_path: Path, docker_cli: DockerSandbox) -> Path:
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["bitsec_eval.plugin"]\n')
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "agents").mkdir()
    (tmp_path / "agents" / "thinker.py").write_text(AGENT)
    return tmp_path


def evaluated(folder: Path, *options: str, tasks: list[str] = TASKS) -> dict:
    tasks = [str(ROOT / task) for task in tasks]
    ran = run(folder, *command("--bitsec-seed=1", *options, *tasks), BITSEC_LLM_API_KEY="")
    assert ran.status == 0, ran.output
    return {task.split("/")[-1]: cell for task, cell in ran.board()["agents"][0]["tasks"].items()}


def a_good_llm(handler: Handler, request: dict) -> None:
    """Know the answers, get one of them wrong at first, and find the accounting fault where it is."""
    _, asked, *more = [message["content"] for message in request["messages"]]
    if "reverse_string" in asked:
        said = "Sure:\n```python\ndef reverse_string(s):\n    return s[::-1]\n```\n"
    elif "parse_duration" in asked:
        right = (ROOT / "tests/task_suites/coding/references/duration.py").read_text()
        said = f"```python\n{right if more else 'def parse_duration(text): return 0'}\n```"
    else:
        said = json.dumps({"vulnerabilities": accused(asked)})
    handler.send_json(200, completion(said))


def accused(contracts: str) -> list[dict]:
    """Accuse the function that adds up what the shares are worth, if it leaves out what is owed."""
    head = next(line for line in contracts.splitlines() if "uint256" in line and "view" in line and "()" in line)
    return [{"title": "what is owed counts as an asset", "location": head.split("function ")[1].split("(")[0]}]


def test_it_solves_coding_tasks_and_mends_what_fails_its_examples(upstream: Server, folder: Path):
    upstream.otherwise = a_good_llm
    scores = evaluated(folder, "--bitsec-llm=live", f"--bitsec-llm-base-url={upstream.url}", "--bitsec-llm-models=m")

    assert scores["reverse_string"]["score"] == scores["duration"]["score"] == 100.0
    assert scores["reverse_string"]["usage"]["calls"] == 1
    assert scores["duration"]["usage"]["calls"] == 2
    assert scores["liquid_ron_h01"]["ending"] == "exited"
    assert scores["liquid_ron_h01"]["usage"]["calls"] == 4


COLLECTS = re.compile(r"function (\w+)\(IERC20 \w+, address \w+, address \w+, uint256 \w+\) public")


def an_llm_that_slips(handler: Handler, request: dict) -> None:
    """Know the exploit and the patch, with a slip that it mends when it is told what the compiler says."""
    _, asked, *more = [message["content"] for message in request["messages"]]
    path, source = next(
        part.split("\n", 1) for part in asked.split("\n// ") if COLLECTS.search(part) and part.startswith("src/")
    )
    if "contract named Exploit" in asked:
        said = f"""Here:\n```solidity
pragma solidity ^0.8.20;
interface Coin {{ function balanceOf(address a) external view returns (uint256); }}
interface Market {{ function {COLLECTS.search(source)[1]}(address t, address p, address to, uint256 n) external; }}
contract Exploit {{
    function run(address market, address token, address customer) external {{
        uint256 all = Coin(token).balanceOf(customer);
        Market(market).{COLLECTS.search(source)[1]}(token, customer, address(this), all);
    }}
}}
```"""
        said = said if more else said.replace("external;", "external")
    else:
        mended = COLLECTS.sub(lambda match: match[0][:-6] + ("internal" if more else "inside"), source)
        said = f"```json\n{json.dumps({path: mended})}\n```"
    assert not more or "the answer does not compile" in more[-1]
    handler.send_json(200, completion(said))


def with_time(folder: Path) -> list[str]:
    """Return the two tasks and give them and the agent time: a compiler starts slowly on a machine that is busy."""
    (folder / "agents/thinker.py").write_text(AGENT.replace("SECONDS = 8", "SECONDS = 160"))
    for case in ("scabench/crestal_network_h01", "proof/crestal_network_h01"):
        shutil.copytree(ROOT / "task_suites" / case, folder / "task_suites" / case)
    paths = [folder / f"task_suites/proof/test_crestal_network_h01_{kind}.py" for kind in ("exploit", "patch")]
    for path in paths:
        source = (ROOT / path.relative_to(folder)).read_text()
        path.write_text(source.replace("    answer=", "    timeout=90,\n    answer="))
    return [str(path) for path in paths]


def test_it_proves_what_the_llm_finds_and_has_it_mend_what_does_not_compile(
    upstream: Server, folder: Path, evm_engine: DockerSandbox
):
    upstream.otherwise = an_llm_that_slips
    live = ("--bitsec-llm=live", f"--bitsec-llm-base-url={upstream.url}", "--bitsec-llm-models=m")
    scores = evaluated(folder, *live, tasks=with_time(folder))

    for kind in ("exploit", "patch"):
        assert scores[f"crestal_network_h01_{kind}"]["score"] == 100.0
        assert scores[f"crestal_network_h01_{kind}"]["usage"]["calls"] == 2


def alone(folder: Path, prompt: str, url: str | None) -> subprocess.CompletedProcess:
    """Run the agent as its author would at home."""
    environment = {"PATH": "/usr/bin", "OPENAI_API_KEY": "x", **({"OPENAI_BASE_URL": url} if url else {})}
    command = [sys.executable, str(ROOT / "agents" / "thinker.py"), "--task", prompt]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=20, check=False
    )


@pytest.mark.parametrize("contracts", [{}, {"V.sol": "contract V {}"}], ids=["code", "audit"])
def test_without_an_llm_it_ends_at_once_with_nothing(tmp_path: Path, upstream: Server, contracts: dict[str, str]):
    for name, text in contracts.items():
        (tmp_path / name).write_text(text)
    upstream.otherwise = status(503, "no LLM is offered in this evaluation; answer without one")

    for done in (alone(tmp_path, "do it", None), alone(tmp_path, "do it", upstream.url)):
        assert done.returncode == 0
        assert done.stdout.strip() == ('{\n  "vulnerabilities": []\n}' if contracts else "")
        assert done.stderr.startswith("no LLM is offered")


@pytest.mark.parametrize("said", ["I would rather not.", "", None, '{"vulnerabilities": 7}', "```python\n1/0\n```"])
def test_nonsense_from_the_llm_is_no_crash(tmp_path: Path, upstream: Server, said: str | None):
    upstream.otherwise = answer(said)
    code = alone(tmp_path, "Write f().\n    f() == 1\n", upstream.url)
    (tmp_path / "V.sol").write_text("contract V {}")
    audit = alone(tmp_path, "audit", upstream.url)

    assert (code.returncode, audit.returncode) == (0, 0)
    assert json.loads(audit.stdout) == {"vulnerabilities": []}


def test_a_poc_that_the_llm_gives_stays_with_its_finding(tmp_path: Path, upstream: Server):
    found = [{"title": "open till", "poc": "contract Exploit {}"}, {"title": ["odd"], "poc": 7}, {"title": "no gain"}]
    kept = [{"title": "open till", "severity": "high"}, {"title": ["odd"]}]

    def said(handler: Handler, request: dict) -> None:
        is_defence = "Argue against" in request["messages"][0]["content"]
        handler.send_json(200, completion(json.dumps({"vulnerabilities": kept if is_defence else found})))

    upstream.otherwise = said
    (tmp_path / "V.sol").write_text("contract V {}")

    told = json.loads(alone(tmp_path, "audit", upstream.url).stdout)["vulnerabilities"]
    assert told == [{"poc": "contract Exploit {}", **kept[0]}, kept[1]]


def test_it_is_short_and_plain():
    assert len(AGENT.splitlines()) < 200
