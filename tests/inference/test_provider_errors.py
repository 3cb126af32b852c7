"""An error is understood as its provider means it, under whatever status it comes: words, pause and remedy."""

import json
from datetime import UTC, datetime

import pytest

from bitsec_eval.inference.provider.body import parsed
from bitsec_eval.inference.provider.errors import error_in, read_error, trouble_of
from bitsec_eval.inference.provider.known_good import remedy
from bitsec_eval.inference.provider.retry_after import asked_pause
from bitsec_eval.inference.provider.trouble import Trouble

NOW = datetime(2026, 1, 1, tzinfo=UTC)
KEY, CREDIT, MODEL, LATER, SETTINGS = (
    "correct BITSEC_LLM_API_KEY",
    "see to the account's credit",
    "correct --bitsec-llm-models or --bitsec-llm-base-url",
    "evaluate again when the provider is back",
    "check BITSEC_LLM_API_KEY, --bitsec-llm-models and --bitsec-llm-base-url",
)


def trouble(status: int, content: object) -> Trouble:
    body = json.dumps(content).encode()
    if status < 300:
        assert error_in(parsed(body)) is not None
    return trouble_of(status, {}, read_error(body, NOW), NOW)


def wrapped(**error: object) -> dict[str, object]:
    return {"error": {"message": "Words", **error}}


ERRORS = {
    "OpenAI, key": (401, wrapped(type="invalid_request_error", code="invalid_api_key"), 401, KEY),
    "OpenAI, key inside a 200": (200, wrapped(type="invalid_request_error", code="invalid_api_key"), 401, KEY),
    "OpenAI, quota": (429, wrapped(type="insufficient_quota", code="insufficient_quota"), 429, CREDIT),
    "OpenAI, quota inside a 200": (200, wrapped(code="insufficient_quota"), 402, CREDIT),
    "OpenAI, model inside a 200": (200, wrapped(code="model_not_found"), 404, MODEL),
    "OpenRouter, key inside a 200": (200, wrapped(code=401), 401, KEY),
    "OpenRouter, another provider": (200, wrapped(code=502), 502, LATER),
    "Anthropic, key": (401, {"type": "error", **wrapped(type="authentication_error")}, 401, KEY),
    "Anthropic, key inside a 200": (200, {"type": "error", **wrapped(type="authentication_error")}, 401, KEY),
    "Anthropic, overloaded": (529, {"type": "error", **wrapped(type="overloaded_error")}, 529, LATER),
    "Google, a list": (400, [wrapped(code=400, status="INVALID_ARGUMENT")], 400, SETTINGS),
    "Google, a list inside a 200": (200, [wrapped(status="RESOURCE_EXHAUSTED")], 429, LATER),
    "vLLM, model": (404, {"object": "error", "message": "Words", "type": "NotFoundError", "code": 404}, 404, MODEL),
    "vLLM, inside a 200": (200, {"object": "error", "message": "Words", "type": "NotFoundError"}, 404, MODEL),
    "Azure, key inside a 200": (200, {"statusCode": 401, "message": "Words"}, 401, KEY),
    "llama.cpp, loading": (503, wrapped(type="unavailable_error", code=503), 503, LATER),
    "Ollama": (404, {"error": "Words"}, 404, MODEL),
    "Mistral": (401, {"message": "Words", "request_id": "x"}, 401, KEY),
    "DeepSeek": (402, wrapped(type="unknown_error", code="invalid_request_error"), 402, CREDIT),
}


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_has_its_status_words_and_remedy(name):
    status, content, meant, what_to_do = ERRORS[name]
    met = trouble(status, content)

    assert (met.status, met.words, remedy(met)) == (meant, "Words", what_to_do)


def test_google_tells_the_pause_inside_its_list():
    delay = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34s"}

    assert trouble(429, [wrapped(code=429, details=[delay])]).pause == 34


@pytest.mark.parametrize(
    ("content", "large"),
    [
        (wrapped(message="maximum context length is 4096 tokens", code=400), True),
        (wrapped(message="the request exceeds the available context size", type="exceed_context_size_error"), True),
        (wrapped(message="Invalid proxy server token passed", type="auth_error", code="400"), False),
    ],
)
def test_a_wrong_token_is_no_length(content, large):
    assert trouble(400, content).too_large is large


@pytest.mark.parametrize(
    "content",
    [{"choices": [{"message": {"content": "error"}}]}, {"object": "chat.completion"}, [], [1, 2], "error", None],
)
def test_what_is_no_error_is_none(content):
    assert error_in(content) is None


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "5 seconds"}, 5),
        ({"retry-after": "2 min"}, 120),
        ({"retry-after": "PT1M5S"}, 65),
        ({"retry-after": "1m30s"}, 90),
        ({"retry-after": "59.56ms"}, 0.05956),
        ({"x-ms-retry-after-ms": "900", "retry-after": "1"}, 0.9),
        ({"anthropic-ratelimit-requests-reset": "2026-01-01T00:00:07Z"}, 7),
        ({"retry-after": "5 sheep"}, None),
        ({"retry-after": "PT"}, None),
    ],
)
def test_a_pause_is_read_in_every_form(headers, seconds):
    assert asked_pause(headers, NOW) == (seconds if seconds is None else pytest.approx(seconds))
