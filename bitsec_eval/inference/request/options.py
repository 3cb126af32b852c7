"""Further options of a request: sampling, functions, and the form of the answer."""

from typing import Any

from bitsec_eval.inference.request.messages import FUNCTION_NAME
from bitsec_eval.inference.request.schema import (
    Reader,
    either,
    fields,
    flag,
    listed,
    matching,
    number,
    one_of,
    plain_object,
    text,
    whole,
    wrong,
)

MOST_TOOLS = 128
MOST_STOPS = 16
STOP_CHARACTERS = 1000

_WORD = matching(r"[a-z_]{1,20}", "a word such as low, medium or high")
_FUNCTION = fields(
    {"name": FUNCTION_NAME, "description": text(), "parameters": plain_object, "strict": flag}, needed=("name",)
)


def _tool(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict) or value.get("type") != "function":
        raise wrong(f"{where}: a tool is a function of yours; the provider's own tools are not offered")
    function = fields({"function": _FUNCTION}, needed=("function",))(value, where)
    return {"type": "function", **function}


def _named_function(value: Any, where: str) -> dict[str, Any]:
    named = fields({"name": FUNCTION_NAME}, needed=("name",))
    read = fields({"type": one_of("function"), "function": named}, needed=("type", "function"))
    chosen: dict[str, Any] = read(value, where)
    return chosen


def _format(value: Any, where: str) -> dict[str, Any]:
    kinds = one_of("text", "json_object", "json_schema")
    kind = fields({"type": kinds}, needed=("type",))(value, where)
    if kind["type"] != "json_schema":
        return dict(kind)
    schema = fields(
        {"name": FUNCTION_NAME, "description": text(), "schema": plain_object, "strict": flag}, needed=("name",)
    )
    return {**kind, **fields({"json_schema": schema}, needed=("json_schema",))(value, where)}


_STOP = text(STOP_CHARACTERS)
OPTIONS: dict[str, Reader] = {
    "frequency_penalty": number(-2, 2),
    "logprobs": flag,
    "min_p": number(0, 1),
    "parallel_tool_calls": flag,
    "presence_penalty": number(-2, 2),
    "reasoning": fields({"effort": _WORD, "max_tokens": whole(0, 1 << 20), "enabled": flag, "exclude": flag}),
    "reasoning_effort": _WORD,
    "repetition_penalty": number(0, 2),
    "response_format": _format,
    "seed": whole(-(1 << 63), (1 << 63) - 1),
    "stop": either(list, listed(_STOP, MOST_STOPS), _STOP),
    "temperature": number(0, 2),
    "tool_choice": either(str, one_of("none", "auto", "required"), _named_function),
    "tools": listed(_tool, MOST_TOOLS),
    "top_k": whole(-1, 1 << 20),
    "top_logprobs": whole(0, 20),
    "top_p": number(0, 1),
}
"""A reader for each field that goes out besides the model, the messages and the limit of the completion."""

_IGNORED = """
metadata prompt_cache_key prompt_cache_retention safety_identifier service_tier store stream_options user verbosity
"""
IGNORED = frozenset(_IGNORED.split())
"""How a call is billed, kept or shown, which is not the agent's to say, and what we answer ourselves."""
