"""Agents written for Bitsec's and Ridges' sandboxes run as they are, and only what they return counts."""

import json
from pathlib import Path

import pytest
from plugin.evaluations import Ran, evaluate

pytestmark = pytest.mark.usefixtures("docker_cli")

FINDING = {
    "title": "Anyone can empty the till",
    "description": "withdraw() lacks a check of the caller, so anyone takes the funds.",
    "severity": "high",
    "vulnerability_type": "access control",
    "file": "Till.sol",
    "location": "withdraw",
    "confidence": 0.9,
}
REPORT_TASK = """
from bitsec_eval import Task
TASK = Task(prompt="Audit.", workspace="till", protocol="agent_main", timeout=10)


def test_reports_one_finding(report):
    assert [finding.title for finding in report.findings] == ["Anyone can empty the till"]
"""
TEXT_TASK = """
from bitsec_eval import Task
TASK = Task(prompt="say hello", timeout=5{protocol})


def test_says_hello(answer):
    assert answer == "hello"
"""


def bitsec_agent(result: str) -> str:
    """An agent as Bitsec's sandbox takes it: it finds the project by itself and returns its report."""
    return f"""
import os, json
from pathlib import Path

FINDING = json.loads({json.dumps(FINDING)!r})

def agent_main(project_dir=None, inference_api=None):
    folder = Path(project_dir or "/app/project_code")
    print("analysing", sorted(path.name for path in folder.rglob("*.sol")))
    os.system("echo from a child")
    assert (folder / "Till.sol").read_text() == Path("Till.sol").read_text()
    assert os.environ["PROJECT_ID"] and os.environ["JOB_ID"]
    Path("agent_report.json").write_text("{{}}")
    Path("Till.sol").write_text(Path("Till.sol").read_text())
    report = {{"project": "till", "vulnerabilities": [FINDING], "total_vulnerabilities": 1}}
    return {result}
"""


RIDGES_AGENT = """
import os

def agent_main(input):
    print("[AGENT] entered")
    assert os.environ["AGENT_TIMEOUT"] == "5"
    return {"say hello": "hello"}.get(input["problem_statement"], "what?")
"""
PLAIN_AGENT = "import sys\nassert sys.argv[1:] == ['--task', 'say hello']\nprint('hello', end='')\n"


def reported(tmp_path: Path, agents: dict[str, str]) -> Ran:
    (tmp_path / "suite/till").mkdir(parents=True)
    (tmp_path / "suite/till/Till.sol").write_text("contract Till {}\n")
    return evaluate(tmp_path, agents=agents, tasks={"suite/test_till.py": REPORT_TASK})


def test_what_agent_main_returns_is_the_report_whatever_was_printed(tmp_path: Path):
    ran = reported(
        tmp_path,
        {
            "bare": bitsec_agent("report"),
            "wrapped": bitsec_agent('{"success": True, "report": report}'),
            "as_text": bitsec_agent("json.dumps(report)"),
            "failed": bitsec_agent('{"success": False, "error": "no key"}'),
            "nothing": bitsec_agent("None"),
            "no_json": bitsec_agent("{1, 2}"),
            "exits": bitsec_agent("os._exit(0)"),
            "no_main": "print('hello')\n",
        },
    )

    assert ran.status == 0, ran.output
    assert {name for name, score in ran.scores().items() if score == 100.0} == {"bare", "wrapped", "as_text"}
    assert set(ran.scores().values()) == {0.0, 100.0}


def test_all_protocols_share_an_evaluation_and_a_board(tmp_path: Path):
    """An agent may know all three; one that knows some of them loses the tasks of the others, and no more."""
    (tmp_path / "suite/till").mkdir(parents=True)
    (tmp_path / "suite/till/Till.sol").write_text("contract Till {}\n")
    tasks = {
        "suite/test_plain.py": TEXT_TASK.format(protocol=""),
        "suite/test_ridges.py": TEXT_TASK.format(protocol=', protocol="agent_main"'),
        "suite/test_bitsec.py": REPORT_TASK,
    }
    main = 'if __name__ == "__main__":\n    print("hello", end="")\n'
    perfect = f"""
import json, os

def agent_main(*given):
    if "Till.sol" in os.listdir("."):
        return {{"success": True, "report": {{"vulnerabilities": [json.loads({json.dumps(FINDING)!r})]}}}}
    return "hello"

{main}"""
    agents = {
        "perfect": perfect,
        "ridges": RIDGES_AGENT,
        "bitsec": bitsec_agent("report"),
        "plain": PLAIN_AGENT,
        "half": RIDGES_AGENT.replace('{"say hello": "hello"}', '{"say hello": "hello", "Audit.": "{}"}') + main,
        "broken": "def agent_main(input):\n    raise RuntimeError('no')\n\n\n" + "raise SystemExit(3)\n",
        "silent": "def agent_main(input):\n    pass\n",
    }

    ran = evaluate(tmp_path, agents=agents, tasks=tasks)

    assert ran.status == 0, ran.output
    scores = {name: round(score or 0) for name, score in ran.scores().items()}
    assert scores == {"perfect": 100, "half": 67, "ridges": 33, "bitsec": 33, "plain": 33, "broken": 0, "silent": 0}


def test_one_file_may_be_started_and_called(tmp_path: Path):
    tasks = {
        "suite/test_ours.py": TEXT_TASK.format(protocol=""),
        "suite/test_theirs.py": TEXT_TASK.format(protocol=', protocol="agent_main"'),
    }
    both = RIDGES_AGENT + 'if __name__ == "__main__":\n    print("hello", end="")\n'

    ran = evaluate(tmp_path, agents={"ours": PLAIN_AGENT, "theirs": RIDGES_AGENT, "both": both}, tasks=tasks)

    assert ran.status == 0, ran.output
    assert ran.scores() == {"ours": 50.0, "theirs": 50.0, "both": 100.0}


def test_what_ended_a_called_agent_is_the_last_thing_it_said(tmp_path: Path):
    failing = "def agent_main(input):\n    print('asking')\n    raise RuntimeError('no key')\n"
    task = TEXT_TASK.format(protocol=', protocol="agent_main"')

    ran = evaluate(tmp_path, agents={"failing": failing}, tasks={"suite/test_hello.py": task})

    assert "the agent ended with status 1; its last line on stderr: RuntimeError: no key" in ran.output


def test_a_whole_suite_is_started_another_way_by_an_option(tmp_path: Path):
    agents = {"theirs": RIDGES_AGENT, "ours": PLAIN_AGENT}

    ran = evaluate(
        tmp_path,
        "--bitsec-protocol=agent_main",
        agents=agents,
        tasks={"suite/test_hello.py": TEXT_TASK.format(protocol="")},
    )

    assert ran.scores() == {"theirs": 100.0, "ours": 0.0}


def test_a_protocol_that_is_none_is_refused(tmp_path: Path):
    task = TEXT_TASK.format(protocol=', protocol="rpc"')

    ran = evaluate(tmp_path, tasks={"suite/test_hello.py": task})

    assert ran.status == 4
    assert "protocol must be 'cli' or 'agent_main', or left out, got 'rpc'" in ran.output
