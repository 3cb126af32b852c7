"""Every prompt and answer is kept, the same decisions can be had from them, and a judge that is out voids the run."""

import json
import time

import pytest

from bitsec_eval.core.errors import InferenceError, SettingsError
from bitsec_eval.core.matching.lexical import LexicalMatcher
from bitsec_eval.core.reports.finding import Finding
from bitsec_eval.inference.retry import RetryPolicy
from bitsec_eval.judge import llm_matcher, matcher_from
from bitsec_eval.judge.client import OpenAIJudge
from bitsec_eval.judge.matcher import LLMMatcher
from bitsec_eval.judge.protocol import judge_prompt
from bitsec_eval.judge.record import Judge
from tests.judge.judge_server import KEY, Raw, answer, judge_server

TRUTH = [Finding(title="truth 0"), Finding(title="truth 1")]
REPORTED = [Finding(title=f"finding {n}") for n in range(12)]


def rule(asked):
    """Finding 11 is the first expected one, nothing is the second."""
    titles = [each["Issue"] for each in asked.reported]
    if asked.expected["Issue"] == "truth 0" and "finding 11" in titles:
        return answer("match", titles.index("finding 11"))
    return answer()


def judge_at(server, record=None, **settings):
    client = OpenAIJudge(model="m", api_key=KEY, url=server.url, **settings)
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
        assert server.keys[0] == f"Bearer {KEY}"
    text = record.read_text()
    lines = [json.loads(line) for line in text.splitlines()]

    assert len(lines) == 8
    assert all(line["nonce"] in line["messages"][1]["content"] for line in lines)
    assert len({line["nonce"] for line in lines}) == 8
    assert {line["model"] for line in lines} == {"m"}
    assert sum(line["prompt_tokens"] for line in lines) == 800
    assert KEY not in text


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
    assert trouble == "the answer is not JSON: Expecting value: line 1 column 1 (char 0)"


def test_a_judge_that_never_answers_in_json_voids_the_run():
    def prose(_):
        return "I think so"

    with judge_server(prose, known_good=prose) as server, pytest.raises(InferenceError) as raised:
        LLMMatcher(judge=judge_at(server)).match(TRUTH[:1], REPORTED[:1])

    assert str(raised.value) == (
        f"the judge m at {server.url} gave unusable answers (the answer is not JSON: Expecting value: line 1 column 1"
        " (char 0)); choose a model that can answer in JSON"
    )


def completion(**choice) -> dict:
    message = {"role": "assistant", "content": None}
    return {"choices": [{"index": 0, "finish_reason": "stop", "message": message, **choice}]}


OUT = [
    *(401, 403, 404, 429, 500, 503),
    Raw(200, b"<html>Log in</html>", "text/html"),
    Raw(200, b""),
    Raw(204, b""),
    Raw(200, b'data: {"choices": []}\n\n', "text/event-stream"),
    Raw(200, b"\xff\xfe"),
    Raw(200, b'{"choices": []}'),
    completion(message=None),
    completion(finish_reason="error"),
    {"choices": [], "error": {"message": "in a 200"}},
]
REFUSALS = [
    400,
    413,
    completion(),
    completion(finish_reason="content_filter"),
    completion(message={"role": "assistant", "content": "", "refusal": "I will not read this."}),
    "I cannot help with that.",
    '{"is_match": true, "is_partial_match": fal',
    *OUT,
]


@pytest.mark.parametrize("said", OUT, ids=str)
def test_a_judge_that_cannot_be_asked_voids_the_run_with_its_address_and_without_its_key(said):
    with judge_server(lambda _: said, known_good=lambda _: said) as server, pytest.raises(InferenceError) as raised:
        LLMMatcher(judge=judge_at(server, retry=RetryPolicy(tries=2, pause_seconds=0.01))).match(
            TRUTH[:1], REPORTED[:1]
        )

    assert str(raised.value).startswith(f"the judge m at {server.url} cannot be asked (")
    assert str(raised.value).endswith("; check its address, key and model, then run again")
    assert KEY not in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_rate_that_a_report_used_up_is_waited_for_and_no_void():
    calls: list[float] = []

    def two_a_second(asked):
        now = time.monotonic()
        if len([each for each in calls if now - each < 1]) >= 2:
            return 429
        calls.append(now)
        return rule(asked)

    with judge_server(two_a_second, known_good=two_a_second) as server:
        judge = judge_at(server, retry=RetryPolicy(tries=2, pause_seconds=0.05, rate_limit_seconds=20))
        first, second = LLMMatcher(judge=judge).match(TRUTH, REPORTED)

    assert (first.verdict, second.verdict) == ("match", "none")
    assert len(calls) > 2, "or nobody had to wait"


@pytest.mark.parametrize("said", REFUSALS, ids=str)
def test_a_report_that_a_judge_will_not_read_is_no_void_and_costs_only_its_own_finding(said):
    def refuses_finding_3(asked):
        return said if any(each["Issue"] == "finding 3" for each in asked.reported) else rule(asked)

    with judge_server(refuses_finding_3) as server:
        judge = judge_at(server, retry=RetryPolicy(tries=1))
        first, second = LLMMatcher(judge=judge).match(TRUTH, REPORTED)
        (hidden,) = LLMMatcher(judge=judge).match(TRUTH[:1], REPORTED[3:4])

    assert (first.verdict, first.reported, second.verdict, hidden.verdict) == ("match", 11, "none", "none")
    assert "it judges other findings, but not reported finding 0 (" in hidden.reason
    assert "I will not read" not in hidden.reason


def test_a_finding_beside_one_that_is_refused_is_still_matched():
    def refuses_finding_3(asked):
        titles = [each["Issue"] for each in asked.reported]
        if "finding 3" in titles:
            return completion(finish_reason="content_filter")
        return answer("match", titles.index("finding 5")) if "finding 5" in titles else answer()

    with judge_server(refuses_finding_3) as server:
        (decision,) = LLMMatcher(judge=judge_at(server)).match(TRUTH[:1], REPORTED[:10])

    assert (decision.verdict, decision.reported) == ("match", 5)


def test_what_could_not_be_judged_is_replayed_as_such(tmp_path):
    record = tmp_path / "m.jsonl"

    def refuses(asked):
        return 400 if len(asked.reported) > 1 else rule(asked)

    with judge_server(refuses) as server:
        asked = LLMMatcher(judge=judge_at(server, record)).match(TRUTH, REPORTED)

    assert [decision.verdict for decision in asked] == ["match", "none"]
    assert LLMMatcher(judge=Judge(client=None, model="m", record=record)).match(TRUTH, REPORTED) == asked


def test_what_is_beyond_the_judges_budget_is_no_match_one_finding_at_a_time():
    long = [Finding(title=f"finding {n}", description="x" * 4000) for n in range(12)]
    with judge_server(rule) as server:
        whole = LLMMatcher(judge=judge_at(server)).match(TRUTH[:1], long)
        asked = len(server.asked)
        (cut,) = LLMMatcher(judge=judge_at(server), characters=60_000).match(TRUTH[:1], long)
        read = list(server.asked[asked:])

    assert whole[0].verdict == "match"
    assert cut.verdict == "none"
    assert {each["Issue"] for asked in read for each in asked.reported} == {f"finding {n}" for n in range(6)}


def test_a_judge_is_asked_in_the_form_that_it_takes():
    def old(asked):
        if "max_completion_tokens" in asked.body or "response_format" in asked.body:
            return 400
        return rule(asked) if asked.expected["Issue"].startswith("truth") else answer("match", 0)

    with judge_server(old, known_good=old) as server:
        (decision,) = LLMMatcher(judge=judge_at(server)).match(TRUTH[:1], REPORTED)

    assert decision.verdict == "match"
    assert server.asked[-1].body["max_tokens"] > 0


@pytest.mark.parametrize(
    "around",
    [
        "```json\n{}\n```",
        "```JSON\n{}\n```",
        "~~~\n{}\n~~~",
        "<think>It says {{so}} and so.</think>\n{}",
        "Here is my judgement:\n\n{}\n\nI am sure.",
        "\ufeff{}",
    ],
)
def test_prose_and_reasoning_around_a_judgement_do_not_matter(around):
    def says(asked):
        return around.replace("{}", json.dumps(rule(asked)))

    with judge_server(says) as server:
        (decision,) = LLMMatcher(judge=judge_at(server)).match(TRUTH[:1], REPORTED)

    assert decision.verdict == "match"


@pytest.mark.parametrize(
    "usage", [None, 7, {}, {"prompt_tokens": None}, {"prompt_tokens": "100", "completion_tokens": 10.0}]
)
def test_an_odd_usage_spoils_no_judgement(usage):
    def says(asked):
        text = json.dumps(rule(asked))
        return {**completion(message={"role": "assistant", "content": text}), "usage": usage}

    with judge_server(says) as server:
        (decision,) = LLMMatcher(judge=judge_at(server)).match(TRUTH[:1], REPORTED)

    assert decision.verdict == "match"


@pytest.mark.parametrize("told", ["0", "-1", "many", "1e6"])
def test_a_budget_that_is_no_number_is_refused(told):
    with pytest.raises(SettingsError, match="BITSEC_JUDGE_CHARACTERS .*: give a whole number from 1"):
        matcher_from({"BITSEC_JUDGE_MODEL": "m", "BITSEC_JUDGE_KEY": "k", "BITSEC_JUDGE_CHARACTERS": told})


def test_a_judge_that_is_not_there_voids_the_run():
    client = OpenAIJudge(model="m", api_key="k", url="http://127.0.0.1:9/v1", retry=RetryPolicy(tries=1))

    with pytest.raises(InferenceError, match="the judge m at http://127.0.0.1:9/v1 cannot be asked"):
        Judge(client=client, model="m").vote(judge_prompt(TRUTH[0], REPORTED[:1]), 0)


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
