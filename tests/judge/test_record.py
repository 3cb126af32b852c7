"""Every prompt and answer is kept, the same decisions can be had from them, and a judge that is out voids the run."""

import json

import pytest

from bitsec_eval.core.errors import InferenceError, SettingsError
from bitsec_eval.core.finding import Finding
from bitsec_eval.core.matching.lexical import LexicalMatcher
from bitsec_eval.judge import llm_matcher, matcher_from
from bitsec_eval.judge.client import OpenAIClient
from bitsec_eval.judge.matcher import LLMMatcher
from bitsec_eval.judge.protocol import question
from bitsec_eval.judge.record import Judge
from tests.judge.judge_server import answer, judge_server

TRUTH = [Finding(title="truth 0"), Finding(title="truth 1")]
REPORTED = [Finding(title=f"finding {n}") for n in range(12)]


def rule(asked):
    """Finding 11 is the first expected one, nothing is the second."""
    titles = [each["Issue"] for each in asked.reported]
    if asked.expected["Issue"] == "truth 0" and "finding 11" in titles:
        return answer("match", titles.index("finding 11"))
    return answer()


def judge_at(server, record=None, **settings):
    client = OpenAIClient(model="m", api_key="sk-secret", url=server.url, **settings)
    return Judge(client=client, model="m", record=record)


def test_decisions_are_replayed_without_asking(tmp_path):
    record = tmp_path / "judgements" / "m.jsonl"
    with judge_server(rule) as server:
        judge = judge_at(server, record)
        asked = LLMMatcher(judge=judge).match(TRUTH, REPORTED)
    replay = Judge(client=None, model="m", record=record)
    replayed = LLMMatcher(judge=replay).match(TRUTH, REPORTED)

    assert [decision.verdict for decision in asked] == ["match", "none"]
    assert asked[0].reported == 11
    assert replayed == asked
    assert (judge.cost.calls, judge.cost.replayed) == (8, 0)
    assert (replay.cost.calls, replay.cost.replayed) == (0, 8)


def test_each_line_holds_the_prompt_the_answer_and_the_tokens_but_no_key(tmp_path):
    record = tmp_path / "m.jsonl"
    with judge_server(rule) as server:
        LLMMatcher(judge=judge_at(server, record)).match(TRUTH, REPORTED)
        assert server.keys[0] == "Bearer sk-secret"
    text = record.read_text()
    lines = [json.loads(line) for line in text.splitlines()]

    assert len(lines) == 8
    assert all(line["nonce"] in line["messages"][1]["content"] for line in lines)
    assert len({line["nonce"] for line in lines}) == 8
    assert {line["model"] for line in lines} == {"m"}
    assert sum(line["prompt_tokens"] for line in lines) == 800
    assert "sk-secret" not in text


def test_a_request_asks_for_the_schema():
    with judge_server(rule) as server:
        LLMMatcher(judge=judge_at(server)).match(TRUTH[:1], REPORTED[:1])
        (body, *_) = [asked.body for asked in server.asked]

    assert body["response_format"]["json_schema"]["strict"] is True
    assert body["model"] == "m"
    assert body["max_completion_tokens"] > 0


def test_a_record_of_another_report_or_model_does_not_do(tmp_path):
    record = tmp_path / "m.jsonl"
    with judge_server(rule) as server:
        LLMMatcher(judge=judge_at(server, record)).match(TRUTH, REPORTED)

    message = "no judgement on record for a question to .*; give the record of the same report and model"
    for model, reported in (("m", REPORTED[:3]), ("n", REPORTED)):
        with pytest.raises(InferenceError, match=message):
            LLMMatcher(judge=Judge(client=None, model=model, record=record)).match(TRUTH, reported)


def test_half_a_last_line_is_asked_again_and_half_a_line_elsewhere_is_refused(tmp_path):
    record = tmp_path / "m.jsonl"
    with judge_server(rule) as server:
        LLMMatcher(judge=judge_at(server, record), parallel=1).match(TRUTH, REPORTED)
        whole = record.read_text()
        record.write_text(whole[:-40])
        judge = judge_at(server, record)
        LLMMatcher(judge=judge).match(TRUTH, REPORTED)
    assert (judge.cost.calls, judge.cost.replayed) == (1, 7)

    record.write_text("{}\n" + whole)
    with pytest.raises(SettingsError, match=r"m.jsonl: line 1 is no judgement; remove the line"):
        Judge(client=None, model="m", record=record)


def test_an_unusable_answer_is_asked_for_again_and_kept(tmp_path):
    record = tmp_path / "m.jsonl"
    with judge_server(lambda asked: "I think so" if asked.repeat == 0 else rule(asked)) as server:
        (decision,) = LLMMatcher(judge=judge_at(server, record)).match(TRUTH[:1], REPORTED[-1:])

    lines = [json.loads(line) for line in record.read_text().splitlines()]
    assert decision.verdict == "match"
    (trouble,) = (line["unusable"] for line in lines if "unusable" in line)
    assert trouble == "not JSON: Expecting value: line 1 column 1 (char 0)"


def test_a_judge_that_never_answers_in_json_voids_the_run():
    with judge_server(lambda _: "I think so") as server, pytest.raises(InferenceError) as raised:
        LLMMatcher(judge=judge_at(server)).match(TRUTH[:1], REPORTED[:1])

    assert str(raised.value) == (
        "the judge m gave 3 unusable answers (not JSON: Expecting value: line 1 column 1 (char 0)); "
        "choose a model that can answer in JSON"
    )


@pytest.mark.parametrize("status", [401, 404, 429, 500, 503])
def test_a_judge_that_refuses_voids_the_run_and_its_key_is_not_told(status):
    with judge_server(lambda _: status) as server, pytest.raises(InferenceError) as raised:
        LLMMatcher(judge=judge_at(server, retries=1)).match(TRUTH[:1], REPORTED[:1])

    assert "cannot be asked" in str(raised.value)
    assert str(raised.value).endswith("check its address, key and model, then run again")
    assert "sk-secret" not in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_judge_that_is_not_there_voids_the_run():
    client = OpenAIClient(model="m", api_key="k", url="http://127.0.0.1:9/v1", retries=0)

    with pytest.raises(InferenceError, match="the judge m at http://127.0.0.1:9/v1 cannot be asked"):
        Judge(client=client, model="m").vote(question(TRUTH[0], REPORTED[:1]), 0)


def test_trouble_that_passes_is_not_noticed():
    with judge_server(lambda asked: 503 if asked.repeat == 0 else rule(asked)) as server:
        (decision,) = LLMMatcher(judge=judge_at(server)).match(TRUTH[:1], REPORTED[-1:])

    assert decision.verdict == "match"


def test_the_environment_chooses_the_matcher(tmp_path):
    assert matcher_from({}) == LexicalMatcher()
    with pytest.raises(SettingsError, match="BITSEC_JUDGE_MODEL is set, but no BITSEC_JUDGE_KEY; set the judge's"):
        matcher_from({"BITSEC_JUDGE_MODEL": "m"})
    with judge_server(rule) as server:
        environ = {"BITSEC_JUDGE_MODEL": "m", "BITSEC_JUDGE_URL": server.url, "BITSEC_JUDGE_KEY": "k"}
        assert matcher_from(environ).match(TRUTH, REPORTED)[0].verdict == "match"


def test_a_record_without_a_key_is_replayed(tmp_path):
    record = tmp_path / "m.jsonl"
    with judge_server(rule) as server:
        llm_matcher(model="m", api_key="k", url=server.url, record=record).match(TRUTH, REPORTED)
    replayed = matcher_from({"BITSEC_JUDGE_MODEL": "m", "BITSEC_JUDGE_RECORD": str(record)})

    assert replayed.match(TRUTH, REPORTED)[0].verdict == "match"
