"""The LLM matcher decides as the official protocol does on the same answers, but credits no finding twice."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bitsec_eval.core.reports.finding import Finding
from bitsec_eval.judge.client import OpenAIJudge
from bitsec_eval.judge.matcher import LLMMatcher
from bitsec_eval.judge.protocol import BATCH_FINDINGS, Vote, judge_prompt
from bitsec_eval.judge.record import Judge
from tests.judge.judge_server import answer, judge_server
from tests.judge.official import official

TRUTHS, REPORTED = 4, 23
EXPECTED = [Finding(title=f"truth {n}") for n in range(TRUTHS)]
FINDINGS = [Finding(title=f"finding {n}") for n in range(REPORTED)]
BATCHES = [FINDINGS[at : at + BATCH_FINDINGS] for at in range(0, REPORTED, BATCH_FINDINGS)]
QUESTIONS = {
    judge_prompt(truth, batch): (n, b) for n, truth in enumerate(EXPECTED) for b, batch in enumerate(BATCHES)
}

NOTHING = Vote(verdict="none", index=None)


def votes_on(batch):
    named = st.builds(Vote, verdict=st.sampled_from(["match", "partial"]), index=st.integers(0, len(batch) - 1))
    return st.lists(st.one_of(st.just(NOTHING), st.just(NOTHING), named), min_size=3, max_size=3)


tables = st.tuples(*[st.tuples(*[votes_on(batch) for batch in BATCHES]) for _ in EXPECTED])


class Table:
    """Casts the votes of a table: by expected finding, batch and repeat."""

    def __init__(self, table):
        self.table = table

    def vote(self, asked, repeat):
        truth, batch = QUESTIONS[asked]
        return self.table[truth][batch][repeat]


def ours(table):
    decisions = LLMMatcher(judge=Table(table), parallel=1).match(EXPECTED, FINDINGS)
    return [(decision.verdict, decision.reported) for decision in decisions]


def theirs(table):
    return official(TRUTHS, REPORTED, lambda truth, batch: table[truth][batch])


def claimed_twice(table):
    """Whether the official protocol, before it drops partials, has one finding for two expected ones."""
    alone = [official(1, REPORTED, lambda _, batch, n=n: table[n][batch])[0][1] for n in range(TRUTHS)]
    counts = Counter(index for index in alone if index is not None)
    return any(count > 1 for count in counts.values())


def quiet():
    return [[[NOTHING] * 3 for _ in BATCHES] for _ in EXPECTED]


def all_say(verdict, index):
    return [Vote(verdict=verdict, index=index)] * 3


@settings(max_examples=150, deadline=None)
@given(tables)
def test_where_no_finding_is_claimed_twice_the_decisions_are_the_official_ones(table):
    if not claimed_twice(table):
        assert ours(table) == theirs(table)


@settings(max_examples=150, deadline=None)
@given(tables)
def test_no_finding_is_credited_twice_and_no_credit_is_lost_otherwise(table):
    credited = [index for _, index in ours(table) if index is not None]
    assert len(credited) == len(set(credited))

    worth = {"match": 1.0, "partial": 0.5, "none": 0.0}
    once = {}
    for verdict, index in theirs(table):
        if index is not None:
            once[index] = max(once.get(index, 0), worth[verdict])
    assert sum(worth[verdict] for verdict, _ in ours(table)) >= sum(once.values())


def test_one_vague_finding_is_credited_twice_by_them_and_once_by_us():
    table = quiet()
    table[0][1] = all_say("match", 4)
    table[2][1] = all_say("match", 4)

    assert theirs(table) == [("match", 14), ("none", None), ("match", 14), ("none", None)]
    assert ours(table) == [("match", 14), ("none", None), ("none", None), ("none", None)]


def test_a_claimed_finding_gives_way_where_another_would_do():
    table = quiet()
    table[0][0], table[0][2] = all_say("match", 3), all_say("match", 1)
    table[1][0] = all_say("match", 3)

    assert theirs(table)[:2] == [("match", 3), ("match", 3)]
    assert ours(table)[:2] == [("match", 21), ("match", 3)]


def test_the_reason_names_who_was_credited_instead():
    table = quiet()
    table[0][0] = table[1][0] = all_say("match", 3)
    decisions = LLMMatcher(judge=Table(table)).match(EXPECTED, FINDINGS)

    assert decisions[1].reason.startswith("reported finding 3 is credited to expected finding 0; the judge:")
    assert decisions[1].confidence == 1


def test_an_empty_report_asks_nothing():
    decisions = LLMMatcher(judge=None).match(EXPECTED, [])

    assert {(decision.verdict, decision.reason) for decision in decisions} == {("none", "nothing was reported")}
    assert LLMMatcher(judge=None).match([], FINDINGS) == ()


@pytest.mark.parametrize("parallel", [1, 8])
def test_over_http_the_decisions_are_the_official_ones(parallel):
    table = quiet()
    table[0][1] = [Vote(verdict="match", index=2), NOTHING, Vote(verdict="match", index=5)]
    table[1][0] = [Vote(verdict="partial", index=9), NOTHING, Vote(verdict="match", index=9)]
    table[2][2] = [NOTHING, Vote(verdict="match", index=0), NOTHING]
    table[3][0], table[3][1] = all_say("partial", 1), all_say("partial", 7)

    def rule(asked):
        truth = int(asked.expected["Issue"].split()[1])
        batch = int(asked.reported[0]["Issue"].split()[1]) // BATCH_FINDINGS
        vote = table[truth][batch][asked.repeat]
        return answer(vote.verdict, -1 if vote.index is None else vote.index)

    with judge_server(rule) as server:
        client = OpenAIJudge(model="judge-1", api_key="k", url=server.url)
        judge = Judge(client=client, model="judge-1")
        decisions = LLMMatcher(judge=judge, parallel=parallel).match(EXPECTED, FINDINGS)

    assert [(decision.verdict, decision.reported) for decision in decisions] == theirs(table)
    assert [decision.verdict for decision in decisions] == ["match", "partial", "none", "partial"]
    assert (judge.cost.calls, judge.cost.prompt_tokens) == (27, 2700)
    assert judge.cost.dollars(1.0, 10.0) == pytest.approx((2700 * 1 + 270 * 10) / 1e6)
