"""Whole evaluations with an LLM: from the command line or pytest.ini, recorded and replayed, void where we failed."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from inference.server import Handler, Server, answer, hang, status
from inference.sessions import CANARY
from plugin.evaluations import Ran, command, environment, lay_out, run

from bitsec_eval.sandbox.docker.engine import DockerSandbox

ASK = """
import json, os, urllib.error, urllib.request

def ask(path, body=None):
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(os.environ["OPENAI_BASE_URL"] + path, data=data)) as reply:
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)

def chat(text, **more):
    code, told = ask("/chat/completions", {"messages": [{"role": "user", "content": text}], **more})
    return told["choices"][0]["message"]["content"] if code == 200 else code
"""
SAYS = ASK + "print(chat('say'))\n"
CODES = ASK + "print([code if isinstance(code := chat(str(n)), int) else 'ok' for n in range(3)])\n"
HARD = """
from bitsec_eval import Task
TASK = Task(prompt="say something nobody knows")
def test_knows(answer):
    assert "nobody knows this" in answer
"""
TASK = """
from bitsec_eval import LLM, Task
TASK = Task(prompt="say hello", llm=LLM({limits}))
def test_says_hello(answer):
    assert "hello" in answer
"""


def evaluate(
    folder: Path,
    upstream: Server | None,
    *arguments: str,
    agents: dict[str, str],
    tasks: dict[str, str] | None = None,
    mode: str = "live",
    **more: str,
) -> Ran:
    """Evaluate agents that may ask the server."""
    lay_out(folder, agents, tasks or {"suite/test_hello.py": TASK.format(limits="")})
    url = upstream.url if upstream else "http://127.0.0.1:9/v1"
    options = [f"--bitsec-llm={mode}", f"--bitsec-llm-base-url={url}", "--bitsec-llm-models=small"]
    return run(folder, *command(*options, *arguments), **{"BITSEC_LLM_API_KEY": CANARY, **more})


def rows(ran: Ran) -> dict[str, dict[str, Any]]:
    return {row["agent"]: row for row in ran.board()["agents"]}


def artifact(ran: Ran, agent: str, task: str = "suite__hello") -> dict[str, Any]:
    """What the agent's owner and the validator may read of a run."""
    return json.loads((ran.folder / "results/private/runs" / agent / f"{task}.json").read_text())


@pytest.fixture(autouse=True)
def _engine(docker_cli: DockerSandbox) -> None:
    """Every test here starts containers, in a process of its own."""


def test_usage_is_on_the_board_and_cost_breaks_the_tie(upstream: Server, tmp_path: Path):
    (tmp_path / "prices.toml").write_text("[models.small]\nprompt = 1\ncompletion = 2\n")
    agents = {"brief": SAYS, "wordy": SAYS + "chat('again')\n"}

    ran = evaluate(tmp_path, upstream, "--bitsec-llm-prices=prices.toml", "--bitsec-tiebreak=cost", agents=agents)

    assert ran.status == 0
    assert [(name, row["rank"], row["score"]) for name, row in rows(ran).items()] == [
        ("brief", 1, 100.0),
        ("wordy", 2, 100.0),
    ]
    brief, wordy = (row["usage"] for row in rows(ran).values())
    assert (brief["calls"], brief["prompt_tokens"], brief["cost"]) == (1, 10, 0.00002)
    assert (wordy["calls"], wordy["cost"]) == (2, 0.00004)
    assert wordy["waiting_seconds"] > 0
    calls = [step for step in artifact(ran, "wordy")["timeline"] if step["kind"] == "call"]
    assert [(call["what"], call["seconds"] > 0) for call in calls] == [("LLM call 1", True), ("LLM call 2", True)]
    assert any("2 calls, 30 tokens, $0.0001" in line for line in ran.lines)


def test_limits_come_from_pytest_ini_and_a_task_lowers_them(upstream: Server, tmp_path: Path):
    tasks = {"suite/test_hello.py": TASK.format(limits=""), "suite/test_one.py": TASK.format(limits="calls=1")}
    lay_out(tmp_path, {"me": CODES}, tasks)
    (tmp_path / "pytest.ini").write_text(
        f"[pytest]\nbitsec_llm = live\nbitsec_llm_base_url = {upstream.url}\n"
        "bitsec_llm_models = small\nbitsec_llm_calls = 2\n"
    )
    ran = run(tmp_path, *command(), BITSEC_LLM_API_KEY=CANARY)

    assert artifact(ran, "me")["stdout"] == "['ok', 'ok', 429]\n"
    assert artifact(ran, "me", "suite__one")["stdout"] == "['ok', 429, 429]\n"
    assert [cell["usage"]["calls"] for cell in rows(ran)["me"]["tasks"].values()] == [2, 1]


def test_a_provider_that_fails_makes_the_run_void_and_never_a_zero(upstream: Server, tmp_path: Path):
    upstream.is_down(status(500, "overloaded"))
    ran = evaluate(
        tmp_path, upstream, "--bitsec-llm-tries=2", agents={"asks": SAYS, "knows": "print('hello')\n", "dumb": ""}
    )

    assert ran.status == 1
    assert {name: row["score"] for name, row in rows(ran).items()} == {"asks": None, "knows": 100.0, "dumb": 0.0}
    assert "failed 2 times, lastly with status 500, and does not answer a plain request either" in ran.output
    assert "(status 500: overloaded); the run is void: evaluate again when the provider is back" in ran.output


def test_a_wrong_key_is_refused_at_the_start_whatever_status_tells_it(upstream: Server, tmp_path: Path):
    upstream.known_good[0] = status(400, "this key is not in the database")
    for more in ((), ("-n2",)):
        ran = evaluate(tmp_path, upstream, *more, agents={"me": SAYS})

        assert ran.status == 4
        assert "does not answer a plain request (status 400: this key is not in the database)" in ran.output
        assert "check BITSEC_LLM_API_KEY, --bitsec-llm-models and --bitsec-llm-base-url" in ran.output
    assert not upstream.requests
    assert not (tmp_path / "results" / "leaderboard.json").exists()


FAILING = {
    "tools": status(404, "nothing takes tools"),
    "fivehundred": status(500, "a tool without a function"),
    "twohundred": lambda handler, request: handler.send_json(200, {"error": {"message": "moderated"}}),
    "forbidden": status(403, "flagged"),
    "silent": hang(),
}
"""What a provider answers to the last request of an agent of this name, which asks for it."""


def test_no_agent_can_void_its_own_run(upstream: Server, tmp_path: Path):
    def by_words(handler: Handler, request: dict[str, Any]) -> None:
        step = FAILING.get(request["messages"][0]["content"], answer("hello"))
        (FAILING["tools"] if "tools" in request else step)(handler, request)

    upstream.otherwise = by_words
    tool = {"type": "function", "function": {"name": "look", "parameters": {}}}
    tasks = {"suite/test_hello.py": TASK.format(limits=""), "suite/test_bye.py": HARD}
    agents = {
        "honest": "print('hello')\n",
        "tools": ASK + f"print('hello'); chat('x'); chat('x', tools=[{tool!r}])\n",
    }
    for name in FAILING.keys() - agents.keys():
        agents[name] = ASK + f"print('hello', flush=True); chat('x'); chat({name!r})\n"

    options = ("--bitsec-llm-tries=2", "--bitsec-llm-timeout=1")
    ran = evaluate(tmp_path, upstream, *options, agents=agents, tasks=tasks)

    assert ran.status == 0
    assert {name: row["score"] for name, row in rows(ran).items()} == dict.fromkeys(agents, 50.0)


def test_a_replay_gives_the_same_board_without_a_provider(upstream: Server, tmp_path: Path):
    upstream.script(*(answer(f"hello {n}") for n in range(20)))
    twice = SAYS + "print(chat('say'), os.environ['OPENAI_MODEL'], ask('/usage')[1]['spent'])\n"
    agents = {"one": SAYS, "two": twice, "none": "print('hello')\n"}
    arguments = ("--bitsec-jobs=1",)

    before = evaluate(tmp_path, upstream, *arguments, agents=agents, mode="record")
    board, told = before.board(), [artifact(before, name)["stdout"] for name in agents]
    after = evaluate(tmp_path, None, *arguments, agents=agents, mode="replay", BITSEC_LLM_API_KEY="")

    assert (before.status, after.status) == (0, 0)
    assert [artifact(after, name)["stdout"] for name in agents] == told
    assert without_times(after.board()) == without_times(board)
    assert len(upstream.requests) == 3


def without_times(board: dict[str, Any]) -> dict[str, Any]:
    for row in board["agents"]:
        row["last_evaluated"] = None
        for cell in row["tasks"].values():
            cell["seconds"] = None
    return board | {"evaluations": [], "last_evaluated": None}


def test_an_agent_that_asks_something_else_is_not_replayed_and_told_so(upstream: Server, tmp_path: Path):
    evaluate(tmp_path, upstream, agents={"me": SAYS, "other": SAYS}, mode="record")
    changed = {"me": SAYS.replace("'say'", "'say it again'"), "other": SAYS}
    ran = evaluate(tmp_path, None, agents=changed, mode="replay", BITSEC_LLM_API_KEY="")

    assert ran.status == 1
    assert {name: row["score"] for name, row in rows(ran).items()} == {"me": None, "other": 100.0}
    assert "no recording of question 1, POST /v1/chat/completions (sha256 " in ran.output
    assert "results/llm/me/suite__hello.jsonl; record again with --bitsec-llm=record" in ran.output


RENAMED = """
from bitsec_eval import AUDIT_PROMPT, Task
TASK = Task(prompt=AUDIT_PROMPT, workspace="a", twin="b", rename=["Vault", "withdraw"])
def test_reports(report, twin_report):
    assert report.findings
"""
AUDITS = (
    ASK
    + """
from pathlib import Path
used = ask("/usage")[1]["spent"]["calls"]
assert used == 0, "the second container must not know that it is the second"
print(chat(Path("V.sol").read_text()))
"""
)


def test_a_replay_draws_the_names_of_the_recording_again(upstream: Server, tmp_path: Path):
    upstream.otherwise = answer('{"vulnerabilities": [{"title": "x"}]}')
    tasks = {
        "suite/test_audit.py": RENAMED,
        "suite/a/V.sol": "contract Vault { function withdraw() {} }",
        "suite/b/V.sol": "contract Vault { function withdraw() { } }",
    }
    for mode in ("record", "replay"):
        ran = evaluate(tmp_path, upstream, agents={"me": AUDITS}, tasks=tasks, mode=mode)
        assert (mode, rows(ran)["me"]["score"]) == (mode, 100.0)

    sent = [request["messages"][0]["content"] for request in upstream.requests]
    assert len(sent) == 2
    assert "Vault" not in "".join(sent)
    assert {path.name for path in (tmp_path / "results/llm/me").iterdir()} == {
        "suite__audit.jsonl",
        "suite__audit.twin.jsonl",
    }


CALLED = """
from bitsec_eval import Task
TASK = Task(prompt="write look()")
def test_looks(solution):
    print(solution.look())
    assert solution.look() == [[], "refused"]
"""
LOOKS = (
    ASK
    + '''
chat("say")
print("""
import os, socket
def look():
    try:
        socket.create_connection(("127.0.0.1", 4000), timeout=2)
        return "REACHED"
    except OSError:
        return [sorted(name for name in os.environ if "OPENAI" in name or "INFERENCE" in name), "refused"]
""")
'''
)


def test_solutions_are_called_without_an_llm(upstream: Server, tmp_path: Path):
    ran = evaluate(tmp_path, upstream, agents={"me": LOOKS}, tasks={"suite/test_looks.py": CALLED})

    assert rows(ran)["me"]["score"] == 100.0
    assert len(upstream.requests) == 1


SNOOPS = (
    ASK
    + """
import glob
seen = [json.dumps(dict(os.environ)), str(chat("say")), str(ask("/chat/completions", {"messages": 3}))]
for path in glob.glob("/proc/[0-9]*/environ") + glob.glob("/proc/[0-9]*/cmdline") + glob.glob("/tmp/*"):
    try:
        seen.append(open(path, "rb").read().decode("utf-8", "replace"))
    except OSError:
        pass
print("hello", len(seen), "sk-" + "canary" in "".join(seen))
"""
)


def test_the_key_is_nowhere_but_at_the_provider(upstream: Server, tmp_path: Path):
    echo = status(401, f"Incorrect API key provided: {CANARY}")
    upstream.is_down(echo).script(answer("hello, your key is a secret"))
    agents = {"snoops": SNOOPS, "zealous": SAYS}

    ran = evaluate(
        tmp_path, upstream, "-v", "--showlocals", "--tb=long", "--bitsec-jobs=1", agents=agents, mode="record"
    )

    assert {headers["authorization"] for headers in upstream.headers} == {f"Bearer {CANARY}"}
    assert artifact(ran, "snoops")["stdout"].endswith(" False\n")
    assert "plain request either (status 401: " in ran.output
    assert "Incorrect API key provided: [key]" in ran.output
    assert CANARY not in ran.output
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {"junit.xml", "suite__hello.jsonl"} <= {path.name for path in files}
    assert not [path for path in files if CANARY.encode() in path.read_bytes()]


def test_several_processes_keep_to_one_budget(upstream: Server, tmp_path: Path):
    agents = {f"a{n}": CODES for n in range(4)}
    ran = evaluate(tmp_path, upstream, "-n2", "--bitsec-llm-total-calls=5", agents=agents)

    assert len(upstream.requests) <= 5
    assert ran.status == 0, "who has used its share has nobody else to blame"
    assert all(artifact(ran, name)["stdout"].startswith("['ok', ") for name in agents)


def test_what_greedy_agents_use_is_taken_from_nobody(upstream: Server, tmp_path: Path):
    greedy = ASK + "print([chat('x') for n in range(20)]); print('hello')\n"
    agents = {"greedy": greedy, "hungry": greedy, "honest": SAYS}
    tasks = {f"suite/test_{name}.py": TASK.format(limits="") for name in ("one", "other")}

    ran = evaluate(tmp_path, upstream, "--bitsec-llm-total-calls=12", agents=agents, tasks=tasks)

    assert ran.status == 0
    assert {name: row["score"] for name, row in rows(ran).items()} == dict.fromkeys(agents, 100.0)
    assert len(upstream.requests) <= 12


def test_ctrl_c_waits_for_no_provider(upstream: Server, tmp_path: Path):
    upstream.otherwise = lambda handler, request: upstream.wait(60)
    lay_out(tmp_path, {"me": SAYS}, {"suite/test_hello.py": TASK.format(limits="")})
    options = ["--bitsec-llm=live", f"--bitsec-llm-base-url={upstream.url}", "--bitsec-llm-models=small"]
    process = subprocess.Popen(
        command(*options),
        cwd=tmp_path,
        env=environment(BITSEC_LLM_API_KEY=CANARY),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    while not upstream.requests:
        time.sleep(0.05)
    started = time.monotonic()
    os.kill(process.pid, signal.SIGINT)
    process.communicate(timeout=30)

    assert time.monotonic() - started < 12
