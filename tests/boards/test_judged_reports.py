"""What a judge will not read is no match for its agent, and never a void run: filter, refusal, cut answer, length."""

from typing import Any

import pytest
from judge.judge_server import JudgeServer, answer, judge_server
from plugin.evaluations import Ran, command, lay_out, run

TASK = """
from bitsec_eval import AUDIT_PROMPT, Task
from bitsec_eval.judge import matcher_from
import os
from bitsec_eval.core.reports.finding import Finding

TASK = Task(prompt=AUDIT_PROMPT, workspace="project_{name}", timeout=10)
ISSUE = Finding(title="The {name} is wrong", description="whoever looks sees it", file="A.sol")


def test_finds_it(report):
    (decision,) = matcher_from(os.environ).match([ISSUE], report.findings)
    assert decision.verdict == "match", decision.reason
"""
AGENT = """
import json
known = {{"title": "The easy is wrong", "description": "seen", "file": "A.sol"}}
odd = {{"title": {word!r}, "description": "{word} " * {words}, "file": "A.sol"}}
is_easy = "easy" in open("A.sol").read()
print(json.dumps({{"findings": [known] if is_easy else [odd] * {count}}}))
"""
SAID: dict[str, object] = {
    "filtered": {"choices": [{"index": 0, "finish_reason": "content_filter", "message": {"role": "assistant"}}]},
    "refused": {
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": None, "refusal": "I will not read this."},
            }
        ]
    },
    "cut": {
        "choices": [
            {
                "index": 0,
                "finish_reason": "length",
                "message": {"role": "assistant", "content": '{"is_match": true, "is_par'},
            }
        ]
    },
    "moderated": 400,
    "overloading": 500,
    "prose": "I am sorry, but I cannot help with that.",
}
LONG = "verbose"
MOST_READ = 4 * 200_000
"""Characters of four reports at their budget: the honest one, and what is asked again one finding at a time."""


def by_words(asked: Any) -> object:
    titles = [each["Issue"] for each in asked.reported]
    for word, said in SAID.items():
        if word in titles:
            return said
    if len(str(asked.body)) > 50_000:  # longer than the model's context
        return 400
    is_known = asked.expected["Issue"] in titles
    return answer("match", titles.index(asked.expected["Issue"])) if is_known else answer()


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory, engine_options: tuple[str, ...]) -> tuple[Ran, JudgeServer]:
    """One evaluation of an agent that sends nothing odd, and of one for each thing a judge may do."""
    folder = tmp_path_factory.mktemp("judged")
    agents = {"honest": AGENT.format(word="nothing", words=1, count=1)}
    agents |= {word: AGENT.format(word=word, words=3, count=3) for word in SAID}
    agents[LONG] = AGENT.format(word=LONG, words=2000, count=60)
    lay_out(folder, agents, {f"suite/test_{name}.py": TASK.format(name=name) for name in ("easy", "hard")})
    for name in ("easy", "hard"):
        project = folder / f"suite/project_{name}/A.sol"
        project.parent.mkdir()
        project.write_text(f"contract {name} {{}}")
    with judge_server(by_words) as server:
        environ = {
            "BITSEC_JUDGE_MODEL": "m",
            "BITSEC_JUDGE_URL": server.url,
            "BITSEC_JUDGE_KEY": "sk-1",
            "BITSEC_JUDGE_CHARACTERS": "200000",
        }
        return run(folder, *command("-q", *engine_options), **environ), server


def test_no_report_voids_its_run_by_what_the_judge_makes_of_it(judged: tuple[Ran, JudgeServer]):
    ran, _ = judged
    rows = {row["agent"]: row for row in ran.board()["agents"]}

    assert {name: row["score"] for name, row in rows.items()} == dict.fromkeys(("honest", *SAID, LONG), 50.0)
    assert all(row["runs"] == {"scored": 2, "void": 0, "incomplete": 0} for row in rows.values())
    assert len({row["reward"] for row in rows.values()}) <= 2, "sums are exact to the smallest unit"
    assert (ran.status, ran.board()["provisional"]) == (0, False)


def test_one_report_makes_the_judge_read_no_more_than_its_budget(judged: tuple[Ran, JudgeServer]):
    _, server = judged
    read = [len(str(each.body)) for each in server.asked if any(LONG in found["Issue"] for found in each.reported)]

    assert read
    assert sum(read) < MOST_READ
