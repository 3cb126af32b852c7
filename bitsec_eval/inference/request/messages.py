"""The messages of a request, each rebuilt: a role, texts, calls of tools and their results, and nothing else."""

from typing import Any

from bitsec_eval.inference.request.schema import Reader, either, fields, listed, matching, one_of, text, wrong

ROLES = ("system", "developer", "user", "assistant", "tool")
MOST_MESSAGES = 2000
MOST_PARTS = 2000
MOST_CALLS = 128

_NAME = matching(r"[A-Za-z0-9_.:-]{1,128}", "a name of 1 to 128 letters, digits and _ . : -")
_ID = matching(r"[\x21-\x7e]{1,512}", "an id of 1 to 512 characters that print")
FUNCTION_NAME = _NAME
_CALL = fields(
    {
        "id": _ID,
        "type": one_of("function"),
        "function": fields({"name": FUNCTION_NAME, "arguments": text()}, needed=("name",)),
    },
    needed=("id", "function"),
)


def _part(value: Any, where: str) -> dict[str, Any]:
    """Read one part of a content, which may be nothing but text."""
    kind = value.get("type") if isinstance(value, dict) else None
    if kind not in ("text", "refusal"):
        raise wrong(f"{where}: only text goes to the LLM, no images, files or addresses")
    return {"type": kind, **fields({kind: text()}, needed=(kind,))(value, where)}


def _call(value: Any, where: str) -> dict[str, Any]:
    """Read one call of a tool as the model made it; a function called without arguments gets an empty object."""
    call = _CALL(value, where)
    function = {"arguments": "{}", **call["function"]}
    return {
        "id": call["id"],
        "type": "function",
        "function": {name: function[name] for name in ("name", "arguments")},
    }


_CONTENT = either(list, listed(_part, MOST_PARTS, least=1), either(str, text(), lambda value, where: _no_text(where)))
_BY_ROLE: dict[str, Reader] = {
    **{role: fields({"content": _CONTENT, "name": _NAME}, needed=("content",)) for role in ROLES[:3]},
    "assistant": fields(
        {
            "content": _CONTENT,
            "name": _NAME,
            "refusal": text(),
            "reasoning_content": text(),
            "reasoning": text(),
            "tool_calls": listed(_call, MOST_CALLS, least=1),
        }
    ),
    "tool": fields({"content": _CONTENT, "tool_call_id": _ID}, needed=("content", "tool_call_id")),
}


def _no_text(where: str) -> Any:
    raise wrong(f"{where} is a text or a list of texts")


def _message(value: Any, where: str) -> dict[str, Any]:
    role = value.get("role") if isinstance(value, dict) else None
    if not isinstance(role, str) or role not in ROLES:
        raise wrong(f"{where}: a message is an object with a role, one of {', '.join(ROLES)}")
    read = _BY_ROLE[role](value, where)
    if role == "assistant" and "content" not in read:
        read = {"content": None, **read}
    return {"role": role, **read}


MESSAGES = listed(_message, MOST_MESSAGES, least=1)
"""Reads the list of messages."""
