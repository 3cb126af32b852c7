"""An agent's request for a completion, read as an enemy's, and what goes to the provider in its stead.

Only what is named here goes out, written anew: so nothing can ask for a dearer service, a second choice, a tool of
the provider's, a web page or a file, and the most that a call can cost is known before it is made.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Never

from bitsec_eval.core.text import one_line
from bitsec_eval.inference.cost import Cost
from bitsec_eval.inference.limits import RunLimits
from bitsec_eval.inference.prices import FIELDS, Price
from bitsec_eval.inference.problems import Problem

_PASSED_ON = """
frequency_penalty parallel_tool_calls presence_penalty reasoning_effort response_format seed stop temperature
tool_choice tools top_p
"""
_IGNORED = "metadata prompt_cache_key safety_identifier service_tier store stream_options user"
PASSED_ON = frozenset(_PASSED_ON.split())
IGNORED = frozenset(_IGNORED.split())
"""How a call is billed or kept, which is not the agent's to say, and what we answer ourselves."""

ROLES = ("system", "developer", "user", "assistant", "tool")
PARTS = ("text", "refusal")
MOST_MESSAGES = 2000
MOST_TOOLS = 128
MOST_DEPTH = 64
TOKENS_PER_MESSAGE = 16
TOKENS_AROUND = 1024
"""What a provider's template may add. Everything else costs at most one token a byte: no token is shorter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """A request that may go out: `outgoing` is its text for the provider, `most` the most that it can cost."""

    model: str
    price: Price
    outgoing: bytes
    most: Cost
    stream: bool
    usage_in_stream: bool


def read_chat(body: bytes, limits: RunLimits, prices: Mapping[str, Price]) -> Chat:
    """Return the request in `body`; a model that is not named is the first that is allowed.

    Raises:
        Problem: it cannot be passed on.
    """
    if len(body) > limits.request_bytes:
        raise Problem(413, "request_too_large", f"the body is longer than {limits.request_bytes} bytes")
    asked = _object(body)
    model = _model(asked, limits)
    price = prices.get(model, Price())
    max_tokens, field = _max_tokens(asked, limits, price)
    wanted = {name: asked[name] for name in sorted(PASSED_ON & asked.keys())}
    whole = {"model": model, "messages": _messages(asked), field: max_tokens, "stream": False, **wanted}
    _check_rest(asked)
    outgoing = _encoded(whole)
    prompt = len(outgoing) + TOKENS_PER_MESSAGE * len(whole["messages"]) + TOKENS_AROUND
    stream = _stream(asked)
    return Chat(
        model=model,
        price=price,
        outgoing=outgoing,
        most=price.cost(prompt, max_tokens),
        stream=stream,
        usage_in_stream=stream and _wants_usage(asked),
    )


def _wrong(message: str) -> Problem:
    return Problem(400, "invalid_request", message)


def _object(body: bytes) -> dict[str, Any]:
    try:
        asked = json.loads(body.decode("utf-8"), parse_constant=_no_constant, parse_int=_int)
    except RecursionError:
        raise _wrong("the body nests too deep") from None
    except ValueError as error:
        raise _wrong(f"the body is not JSON in UTF-8: {one_line(str(error), 200)}") from None
    if not isinstance(asked, dict):
        raise _wrong("the body is not a JSON object")
    _check_depth(asked)
    return asked


def _no_constant(name: str) -> Never:
    raise ValueError(f"{name} is no JSON")


def _int(digits: str) -> int:
    if len(digits) > 18:
        raise ValueError("a number is too long")
    return int(digits)


def _check_depth(value: Any) -> None:
    level: list[Any] = [value]
    for _ in range(MOST_DEPTH):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return
    raise _wrong(f"the body nests deeper than {MOST_DEPTH} levels")


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _model(asked: Mapping[str, Any], limits: RunLimits) -> str:
    model = asked.get("model") or (limits.models[0] if limits.models else None)
    if not isinstance(model, str) or model not in limits.models:
        known = ", ".join(limits.models) or "none"
        shown = one_line(str(model), 100)
        raise Problem(404, "model_not_found", f"the model {shown!r} is not offered; offered are: {known}")
    return model


def _max_tokens(asked: Mapping[str, Any], limits: RunLimits, price: Price) -> tuple[int, str]:
    """Return how long a completion may be, and under which name the provider is told."""
    told = {name: asked[name] for name in FIELDS if asked.get(name) is not None}
    if any(type(number) is not int or number < 1 for number in told.values()):
        raise _wrong("max_tokens is a whole number above 0")
    return min([*told.values(), limits.max_tokens]), price.max_tokens_field or next(iter(told), FIELDS[0])


def _messages(asked: Mapping[str, Any]) -> list[dict[str, Any]]:
    messages = asked.get("messages")
    if not isinstance(messages, list) or not 0 < len(messages) <= MOST_MESSAGES:
        raise _wrong(f"messages is a list of 1 to {MOST_MESSAGES} messages")
    for message in messages:
        if not isinstance(message, dict) or message.get("role") not in ROLES:
            raise _wrong(f"a message is an object with a role, one of {', '.join(ROLES)}")
        _check_content(message.get("content"))
    return messages


def _check_content(content: object) -> None:
    parts = content if isinstance(content, list) else [content] if isinstance(content, dict) else []
    if content is not None and not isinstance(content, (str, list)):
        raise _wrong("the content of a message is a text or a list of texts")
    for part in parts:
        if not isinstance(part, dict) or part.get("type") not in PARTS:
            raise _wrong("only text goes to the LLM: no images, files or addresses")


def _check_rest(asked: Mapping[str, Any]) -> None:
    unknown = asked.keys() - PASSED_ON - IGNORED - set(FIELDS) - {"model", "messages", "n", "stream"}
    if unknown:
        names = ", ".join(one_line(name, 40) for name in sorted(unknown)[:5])
        raise _wrong(f"not passed on to the LLM: {names}; leave it out")
    if asked.get("n") not in (None, 1) or isinstance(asked.get("n"), bool):
        raise _wrong("n is 1: ask again for another choice")
    tools = asked.get("tools")
    if tools is not None and (not isinstance(tools, list) or len(tools) > MOST_TOOLS):
        raise _wrong(f"tools is a list of at most {MOST_TOOLS}")
    if any(not isinstance(tool, dict) or tool.get("type") != "function" for tool in tools or ()):
        raise _wrong("a tool is a function of yours; the provider's own tools are not offered")


def _stream(asked: Mapping[str, Any]) -> bool:
    stream = asked.get("stream")
    if stream is not None and not isinstance(stream, bool):
        raise _wrong("stream is true or false")
    return bool(stream)


def _wants_usage(asked: Mapping[str, Any]) -> bool:
    options = asked.get("stream_options")
    return isinstance(options, dict) and options.get("include_usage") is True


def _encoded(whole: dict[str, Any]) -> bytes:
    try:
        return json.dumps(whole, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8")
    except UnicodeEncodeError:
        raise _wrong("a text holds half a surrogate pair, which is no character") from None
    except ValueError:
        raise _wrong("a number is out of range") from None
