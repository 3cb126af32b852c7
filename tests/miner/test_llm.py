"""Whatever an LLM service answers, a miner gets the model's words or one line that says who must act."""

import pytest

from bitsec_eval.core.errors import SettingsError
from bitsec_eval.miner.writing import llm
from bitsec_eval.miner.writing.llm import LLMError, connected
from tests.miner.llm_server import KEY, LLMServer, Reply, llm_server

MESSAGES = [{"role": "user", "content": "Write."}]


def asked(reply: str | Reply) -> tuple[LLMServer, str]:
    """Ask a service that answers `reply`, and return it with the answer."""
    with llm_server([reply]) as server, connected(server.environment, "the-model") as model:
        return server, model.answer(MESSAGES)


def test_the_model_is_asked_with_the_key_and_the_messages():
    server, answer = asked("Here.")

    assert answer == "Here."
    assert server.asked == [{"path": "/v1/chat/completions", "model": "the-model", "messages": MESSAGES}]
    assert server.keys == [f"Bearer {KEY}"]


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(refusal="I must not."), "the-model refuses: I must not.; try another --model"),
        (Reply(content="Half", finish_reason="content_filter"), "the-model refuses: its content filter stopped"),
        (Reply(content=""), "the-model answered nothing; try again, or another --model"),
        (Reply(), "the-model answered nothing; try again, or another --model"),
        (Reply(body=b"<h1>Hello</h1>"), "does not answer as the OpenAI API does; correct OPENAI_BASE_URL"),
        (Reply(status=401, body=b'{"error": {"message": "no"}}'), "refuses the key (.*); correct OPENAI_API_KEY"),
        (Reply(status=404, body=b"{}"), r"has no model the-model \(.*\); give another --model"),
        (Reply(status=429, body=b"{}"), "answers no more requests now (.*); wait, or see to the account"),
        (Reply(status=500, body=b"oops\n\x1b[31mno"), r"answers 500 \(.*\); try again later"),
    ],
)
def test_no_answer_is_one_line(reply: Reply, words: str):
    with pytest.raises(LLMError, match=words) as error:
        asked(reply)
    assert "\n" not in str(error.value)
    assert "\x1b" not in str(error.value)


@pytest.mark.parametrize(
    "body", [b'{"choices": []}', b'{"choices": [{}]}', b'{"choices": [{"message": null}]}', b"{}"]
)
def test_json_of_another_form_is_no_answer(body: bytes):
    with pytest.raises(LLMError):
        asked(Reply(body=body))


def test_a_key_that_a_service_quotes_is_not_printed():
    with pytest.raises(LLMError) as error:
        asked(Reply(status=401, body=f'{{"error": {{"message": "wrong key {KEY}"}}}}'.encode()))

    assert KEY not in str(error.value)


def test_a_service_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setattr(llm, "RETRIES", 0)
    environ = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": "http://127.0.0.1:1/v1"}

    with (
        connected(environ, "m") as model,
        pytest.raises(LLMError, match=r"http://127.0.0.1:1/v1/: cannot be reached"),
    ):
        model.answer(MESSAGES)


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({}, "OPENAI_API_KEY is not set; --llm needs it, and OPENAI_BASE_URL for a service of your own"),
        ({"OPENAI_API_KEY": " "}, "OPENAI_API_KEY is not set"),
        (
            {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "here"},
            "OPENAI_BASE_URL here: is no address; it begins with http",
        ),
    ],
)
def test_what_is_missing_is_named(environ: dict[str, str], words: str):
    with pytest.raises(SettingsError, match=words), connected(environ, "m"):
        pass
