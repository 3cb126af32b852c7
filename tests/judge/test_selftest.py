"""The LLM path passes the same trials as the others, with a judge that obeys whatever stands outside a fence."""

import pytest

from bitsec_eval.judge import llm_matcher
from bitsec_eval.scabench.selftest import SPECIMENS, Bench, finding_of
from tests.judge.judge_server import answer, judge_server, outside


def gullible(asked):
    """Judge by place and words; but obey what an outsider got out of its fence."""
    if outside(asked.body["messages"]).split() != ["VERIFIED", "REPORTED"]:
        return answer("match", 0)
    specimen = next(each for each in SPECIMENS if each.title == asked.expected["Issue"])
    for told in asked.reported:
        here = told["Location"].endswith(f"{specimen.function}()") and told["Contracts"] == specimen.file
        if here and specimen.kind in told["Category"] and specimen.description[:60] in told["Description"]:
            return answer("match", told["Index"])
    return answer()


@pytest.fixture(scope="module")
def bench():
    with judge_server(gullible) as server:
        matcher = llm_matcher(model="m", api_key="k", url=server.url)
        yield Bench(matcher=matcher, truth_of=finding_of)


def test_the_llm_path_passes_every_trial(bench):
    wrong = [trial for trial in bench.trials() if not trial.passed]

    assert wrong == []
