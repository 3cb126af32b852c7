"""The miner's commands against a real hub say what happened, and refuse in one line and a non-zero exit."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bitsec_eval.core.agents.agent_check import AGENT_BYTES
from bitsec_eval.core.scoring.leaderboard import leaderboard
from bitsec_eval.miner.commands.try_agent import board_of_agent
from tests.hub.conftest import ROOT, RunningHub
from tests.junit_files import JunitFile
from tests.miner.conftest import Miner
from tests.miner.hostile_hub import hostile_hub

AGENT = 'if __name__ == "__main__":\n    print("--task", {number})\n'


@pytest.fixture
def agent(home: Path) -> Path:
    """An agent that hubs accept, in the miner's folder."""
    (home / "agent.py").write_text(AGENT)
    return home / "agent.py"


def test_tasks_lists_what_the_hub_offers(miner: Miner):
    ran = miner("tasks")

    assert (ran.status, ran.trouble) == (0, [])
    assert ran.lines == [
        "demo/one      answer    2 checks, 3 s",
        "demo/reverse  code      2 checks, 5 s",
        "demo/vault    findings  1 check, 10 s",
    ]
    assert "    Implement reverse_string(s)." in miner("tasks", "--prompts").lines


def test_a_task_the_hub_cannot_read_is_said_to_be_so(miner: Miner, hub: RunningHub):
    broken = hub.folder / "suites/demo/test_broken.py"
    broken.write_text("TASK = 3\n")
    try:
        assert miner("tasks").lines[0].startswith("demo/broken   cannot be used: ")
        refused = miner("make", "demo/broken")
        assert refused.status == 2
        assert refused.trouble[0].startswith("bitsec-miner make: demo/broken cannot be used now: ")
    finally:
        broken.unlink()


def test_make_writes_an_agent_that_submit_is_taken_with(miner: Miner, home: Path):
    made = miner("make", "demo/reverse", "-o", "mine.py")
    submitted = miner("submit", "mine.py", "--miner-id", "maker")

    assert (made.status, made.trouble) == (0, [])
    assert made.lines == ["mine.py: an agent for demo/reverse; next: bitsec-miner try mine.py"]
    assert submitted.status == 0, submitted.trouble
    assert submitted.lines[0].startswith("maker: version 1 stored (")


def test_make_never_replaces_a_file_unasked(miner: Miner, agent: Path):
    refused = miner("make", "demo/reverse")

    assert (refused.status, refused.lines) == (2, [])
    assert refused.trouble == [
        "bitsec-miner make: -o agent.py: exists already; give another name, or --force to replace it"
    ]
    assert agent.read_text() == AGENT
    assert miner("make", "demo/reverse", "--force").status == 0
    assert agent.read_text() != AGENT


def test_the_same_bytes_again_are_nothing_new_and_others_a_new_version(miner: Miner, agent: Path):
    first = miner("submit", "agent.py", "--miner-id", "alice")
    same = miner("submit", "agent.py", "--miner-id", "alice")
    agent.write_text(AGENT + "# and more\n")
    other = miner("submit", "agent.py", "--miner-id", "alice")

    assert [ran.status for ran in (first, same, other)] == [0, 0, 0]
    assert first.lines[0].startswith("alice: version 1 stored (")
    assert first.lines[1].endswith("/config/bitsec-eval/tokens.json; later versions need it")
    assert same.lines[0].startswith("alice: version 1 is there already (")
    assert len(same.lines) == 2
    assert other.lines[0].startswith("alice: version 2 stored (")


def test_the_token_is_told_of_after_a_first_upload_that_was_refused(miner: Miner, agent: Path):
    agent.write_text("def f(): pass\n")
    refused = miner("submit", "agent.py", "--miner-id", "second-try")
    agent.write_text(AGENT)
    taken = miner("submit", "agent.py", "--miner-id", "second-try")

    assert (refused.status, taken.status) == (2, 0)
    assert any(line.endswith("/config/bitsec-eval/tokens.json; later versions need it") for line in taken.lines)


def test_somebody_elses_id_is_refused_and_no_token_kept_for_it(
    miner: Miner, agent: Path, monkeypatch, tmp_path: Path
):
    miner("submit", "agent.py", "--miner-id", "owned")
    mine = (tmp_path / "config/bitsec-eval/tokens.json").read_text()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "thief"))

    refused = miner("submit", "agent.py", "--miner-id", "owned")

    assert (refused.status, refused.lines) == (2, [])
    assert refused.trouble[0].startswith("bitsec-miner submit: refused by the hub (token_wrong): The token does not")
    assert refused.trouble[0].endswith("(BITSEC_TOKEN gives a token that is not kept here)")
    assert "owned" not in (tmp_path / "thief/bitsec-eval/tokens.json").read_text()
    [token] = json.loads(mine).popitem()[1].values()
    monkeypatch.setenv("BITSEC_TOKEN", token)
    assert miner("submit", "agent.py", "--miner-id", "owned").status == 0
    assert token in (tmp_path / "thief/bitsec-eval/tokens.json").read_text()


def test_a_wrong_token_from_elsewhere_does_not_replace_the_right_one(miner: Miner, agent: Path, monkeypatch):
    miner("submit", "agent.py", "--miner-id", "careful")
    monkeypatch.setenv("BITSEC_TOKEN", "x" * 43)
    assert miner("submit", "agent.py", "--miner-id", "careful").status == 2
    monkeypatch.delenv("BITSEC_TOKEN")

    assert miner("submit", "agent.py", "--miner-id", "careful").status == 0


def test_a_lost_answer_loses_nobody_the_miner_id(miner: Miner, agent: Path, hub: RunningHub, monkeypatch):
    with hostile_hub(201, b"{cut off", forward_to=hub.url) as deaf:
        monkeypatch.setenv("BITSEC_HUB", deaf)
        assert miner("submit", "agent.py", "--miner-id", "unlucky").status == 2
        again = miner("submit", "agent.py", "--miner-id", "unlucky")
        assert again.status == 2
    assert hub.get("/agents/unlucky").status_code == 200

    with hostile_hub(201, None, forward_to=hub.url, at=deaf) as same_address:
        monkeypatch.setenv("BITSEC_HUB", same_address)
        assert miner("submit", "agent.py", "--miner-id", "unlucky").lines[0].startswith("unlucky: version 1 is there")


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (
            b"import requests\n",
            "not_stdlib): Line 1 imports requests, which is not in Python 3.11's standard library.",
        ),
        (b"def f(:\n", "syntax_error): Line 1 is not Python 3.11"),
        (b"def f(): print(1)\n", "no_entry_point): Starting the file does nothing: it only defines"),
        (b"\n\n\xff\n", "not_utf8): Line 3 is not valid UTF-8"),
        (b"#" * (AGENT_BYTES + 1), "too_large): "),
        (b"#" * (AGENT_BYTES * 3), "too_large): "),
        (b"", "no_entry_point): "),
    ],
)
def test_the_hubs_reason_reaches_the_miner(miner: Miner, agent: Path, source: bytes, reason: str):
    agent.write_bytes(source)

    refused = miner("submit", "agent.py", "--miner-id", "refused")

    assert (refused.status, refused.lines, len(refused.trouble)) == (2, [], 1)
    assert refused.trouble[0].startswith(f"bitsec-miner submit: refused by the hub ({reason}")


def test_status_says_where_it_stands_and_which_checks_failed(miner: Miner, agent: Path, hub: RunningHub):
    miner("submit", "agent.py", "--miner-id", "standing")
    waiting = miner("status", "--miner-id", "standing")
    sha = hub.get("/agents/standing").json()["versions"][0]["sha256"]
    outcomes = {"test_says_one": "passed", "test_says_it_once": "failed"}
    junit = JunitFile(evaluation="status").run(
        "standing", "demo/one", outcomes, sha=sha, reason="it said \x1b[31mtwo"
    )
    hub.results.mkdir(exist_ok=True)
    (hub.results / "standing.xml").write_bytes(junit.text)

    evaluated = miner("status", "--miner-id", "standing")

    assert waiting.lines[0] == "standing: waiting, version 1"
    assert re.fullmatch(r"the current version waits for its evaluation: place \d+ of \d+", waiting.lines[1])
    assert evaluated.lines[0].startswith("standing: evaluated, version 1, rank 1, score 50.0, reward ")
    assert evaluated.lines[1:5] == ["", "why points were lost:", r" -50.0  it said \x1b[31mtwo: demo/one", ""]
    assert evaluated.lines[5:7] == [" 50.0  demo/one: 1 of 2 checks", "       failed: test_says_it_once (weight 1)"]
    assert "\x1b" not in "".join(evaluated.lines)


OUTCOMES = {"full": "PP", "half": "PF", "none": "FF", "void": "PE", "short": "P"}
WORDS = {"P": "passed", "F": "failed", "E": "error"}
TOLD = {
    "full": ["100.0  demo/one: 2 of 2 checks"],
    "half": [" 50.0  demo/one: 1 of 2 checks", "       failed: c1 (weight 1)"],
    "none": ["  0.0  demo/one: 0 of 2 checks", "       failed: c0 (weight 1)", "       failed: c1 (weight 1)"],
    "void": ["    -  demo/one: 1 of 2 checks, void", "       error: c1 (weight 1)"],
    "short": [" 50.0  demo/one: 1 of 1 checks, incomplete"],
}


def outcome_of(kind: str, **more: str) -> JunitFile:
    """An evaluation in which an agent called after its outcome has a task with two checks."""
    outcomes = [WORDS[letter] for letter in OUTCOMES[kind]]
    return JunitFile(evaluation=kind).run(kind, "demo/one", outcomes, declared=2, **more)


@pytest.mark.parametrize("kind", OUTCOMES)
def test_status_tells_every_kind_of_result(miner: Miner, agent: Path, hub: RunningHub, kind: str):
    miner("submit", "agent.py", "--miner-id", kind)
    sha = hub.get(f"/agents/{kind}").json()["versions"][0]["sha256"]
    hub.results.mkdir(exist_ok=True)
    (hub.results / f"{kind}.xml").write_bytes(outcome_of(kind, sha=sha).text)

    told = miner("status", "--miner-id", kind)

    assert (told.status, told.trouble) == (0, [])
    assert told.lines[0].startswith(f"{kind}: {'void' if kind == 'void' else 'evaluated'}, version 1")
    assert told.lines[-len(TOLD[kind]) :] == TOLD[kind]


@pytest.mark.parametrize(
    ("stop", "words"),
    [
        (
            "screened",
            "too few points on the tasks that come first: the other runs were not spent, and nothing is earned",
        ),
        ("pruned", "it could no longer reach a rank that is paid: the runs that were left were not spent"),
    ],
)
def test_status_tells_who_was_stopped(miner: Miner, agent: Path, hub: RunningHub, stop: str, words: str):
    miner("submit", "agent.py", "--miner-id", "half")
    file = outcome_of("half", sha=hub.get("/agents/half").json()["versions"][0]["sha256"])
    file.settings = {"stopped": {"half": stop}}
    hub.results.mkdir(exist_ok=True)
    (hub.results / "half.xml").write_bytes(file.text)

    told = miner("status", "--miner-id", "half")

    assert told.lines[0].startswith(f"half: {stop}, version 1")
    assert words in told.lines


@pytest.mark.parametrize("kind", OUTCOMES)
def test_try_tells_every_kind_of_result(kind: str):
    lines = list(board_of_agent(leaderboard([outcome_of(kind).read()])))

    assert lines[: len(TOLD[kind])] == TOLD[kind]


def test_a_copy_and_a_caution_are_told(miner: Miner, agent: Path):
    agent.write_text(AGENT + "eval('1')\n")
    miner("submit", "agent.py", "--miner-id", "first")

    second = miner("submit", "agent.py", "--miner-id", "second")

    assert second.lines[1].startswith("flagged as a copy of what first uploaded at ")
    assert "caution: Line 3 calls eval; what it runs cannot be checked here." in second.lines


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("make demo/revers -o b.py", "the hub offers no task demo/revers; did you mean demo/reverse"),
        ("make \x1b[31m -o b.py", r"the hub offers no task \x1b[31m; see bitsec-miner tasks"),
        ("make demo/one -o nowhere/a.py", "-o nowhere/a.py: not a file in an existing folder; give another place"),
        ("make demo/one --llm -o b.py", "OPENAI_API_KEY is not set; --llm needs it, and OPENAI_BASE_URL"),
        ("make demo/one --attempts 0", "--attempts 0: give 1 or more"),
        ("submit gone.py --miner-id a", "gone.py: no such file; make one with bitsec-miner make TASK_ID -o gone.py"),
        ("submit agent.py --miner-id ../a", "--miner-id ../a: cannot be one; use 1 to 64 of a-z, 0-9, _ and -"),
        ("submit agent.py --miner-id a --hub http://127.0.0.1:1", "http://127.0.0.1:1: cannot be reached ("),
        (
            "submit agent.py --miner-id a --hub here",
            "--hub here: an address begins with http:// or https://, as http",
        ),
        ("output --miner-id nobody", "tokens.json; give it as BITSEC_TOKEN"),
        ("status --miner-id nobody", "knows no nobody; submit an agent first"),
        ("status --miner-id Nobody", "--miner-id Nobody: cannot be one; use 1 to 64 of a-z"),
        ("status --miner-id a --hub http://[x", "http://[x: "),
        (
            "tasks --hub http://127.0.0.1:1",
            "cannot be reached ([Errno 111] Connection refused); is the hub running there",
        ),
        ("try agent.py --task demo/six", "the hub offers no task demo/six; see bitsec-miner tasks"),
        ("try agent.py --hub http://127.0.0.1:1", "http://127.0.0.1:1: cannot be reached ("),
        ("try gone.py --tasks .", "gone.py: no such file"),
        ("try agent.py --tasks nowhere", "--tasks nowhere: no such file or folder; give a validator's task suites"),
        ("try Agent.py --tasks .", "Agent.py: Agent cannot name an agent (1 to 64 of a-z"),
        ("try agent.py --tasks . --results agent.py", "--results agent.py: File exists; give a folder to write in"),
    ],
)
def test_bad_input_is_one_line_and_a_non_zero_exit(miner: Miner, agent: Path, command: str, words: str):
    (agent.parent / "Agent.py").write_text(AGENT)

    ran = miner(*command.split(" "))

    assert (ran.status, ran.lines, len(ran.trouble)) == (2, [], 1), ran
    assert ran.trouble[0].startswith(f"bitsec-miner {command.split(' ')[0]}: ")
    assert words in ran.trouble[0]
    assert agent.read_text() == AGENT


@pytest.mark.parametrize(
    "command", ["tasks", "status --miner-id a", "submit agent.py --miner-id a", "make demo/one -o b.py"]
)
@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"<h1>It works!</h1>"),
        (200, b""),
        (200, b"3"),
        (200, b'[3, {"id": []}]'),
        (200, b'[{"id": "\\u001b[31m", "prompt": 1, "kind": 2, "timeout_seconds": "x", "checks": 1, "problem": ""}]'),
        (200, b'{"standing": {"status": [], "version": "x"}, "tasks": 3}'),
        (200, b"[" * 100_000),
        (301, b"Moved"),
        (404, b"\xff"),
        (418, b'{"reason": "\\u001b[31m", "sentence": ["a"], "remedy": null}'),
        (500, b'{"reason": null}'),
        (503, b"{}"),
    ],
)
def test_a_server_that_is_no_hub_is_one_line(miner: Miner, agent: Path, command: str, status: int, body: bytes):
    with hostile_hub(status, body) as url:
        ran = miner(*command.split(), "--hub", url)

    assert "\x1b" not in "".join(ran.lines + ran.trouble)
    if ran.status != 0:
        assert (ran.status, len(ran.trouble)) == (2, 1)
    assert command.startswith("submit") or ran.status == 2


def test_a_reader_that_has_read_enough_is_no_error(hub: RunningHub):
    command = f"{sys.executable} -m bitsec_eval.miner tasks --prompts --hub {hub.url} | head -n 1"

    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, cwd=ROOT)

    assert (done.stdout, done.stderr) == ("demo/one      answer    2 checks, 3 s\n", "")


def test_help_names_every_command():
    done = subprocess.run(
        [sys.executable, "-m", "bitsec_eval.miner", "--help"], capture_output=True, text=True, cwd=ROOT, check=True
    )

    for name in ("tasks", "make", "try", "submit", "status", "output"):
        assert f"\n    {name} " in done.stdout


def test_output_shows_an_owner_what_the_agent_printed(miner: Miner, agent: Path, hub: RunningHub, monkeypatch):
    miner("submit", "agent.py", "--miner-id", "printer")
    sha = hub.get("/agents/printer").json()["versions"][0]["sha256"]
    hub.results.mkdir(exist_ok=True)
    for task in ("demo/one", "demo/two"):
        file = JunitFile(evaluation=task[5:]).run("printer", task, ["failed"], sha=sha)
        (hub.results / f"printer-{task[5:]}.xml").write_bytes(file.text)
        kept = hub.results / f"private/runs/printer/{task.replace('/', '__')}.json"
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps({"evaluation": task[5:], "stdout": f"of {task}\n\x1b[31m", "ending": "timed_out"}))

    both = miner("output", "--miner-id", "printer")
    one = miner("output", "--miner-id", "printer", "--task", "demo/two")
    none = miner("output", "--miner-id", "printer", "--task", "demo/six")

    assert (one.status, one.trouble) == (0, [])
    assert one.lines == [
        "demo/two, run 1: timed out",
        "    stdout:",
        "        of demo/two",
        r"        \x1b[31m",
        "    stderr: nothing",
    ]
    assert len(both.lines) == 2 * len(one.lines)
    words = "the hub keeps no run of demo/six of printer; see bitsec-miner status"
    assert none.trouble == [f"bitsec-miner output: {words}"]
    monkeypatch.setenv("BITSEC_TOKEN", "x" * 43)
    refused = miner("output", "--miner-id", "printer")
    assert (refused.status, refused.lines) == (2, [])
    assert refused.trouble[0].startswith("bitsec-miner output: refused by the hub (token_wrong)")
