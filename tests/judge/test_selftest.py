"""The LLM path passes the same trials as the others, with a judge that obeys whatever stands outside a fence."""

from bitsec_eval.judge import llm_matcher
from bitsec_eval.scabench.selftest import trials
from bitsec_eval.scabench.specimens import SPECIMENS, TOLD
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


def test_the_llm_path_passes_every_trial():
    with judge_server(gullible) as server:
        matcher = llm_matcher(model="m", api_key="k", url=server.url)
        troubles = [trial.trouble(matcher) for trial in trials(matcher, TOLD)]

    assert len(troubles) == 129
    assert not any(troubles)
