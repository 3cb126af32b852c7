"""A request for a chat completion: read as an enemy's, rebuilt, and priced before it goes out.

Only what the schema names goes out, written anew: so nothing can ask for a dearer service, a second choice, a tool of
the provider's, a web page or a file, and the most that a call can cost is known before it is made.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from bitsec_eval.core.text import one_line
from bitsec_eval.inference.cost import Cost
from bitsec_eval.inference.limits import RunLimits
from bitsec_eval.inference.prices import FIELDS, Price
from bitsec_eval.inference.problems import RequestProblem
from bitsec_eval.inference.request.json_body import encoded
from bitsec_eval.inference.request.messages import MESSAGES
from bitsec_eval.inference.request.options import IGNORED, OPTIONS
from bitsec_eval.inference.request.schema import flag, shown, whole, wrong

TOKENS_PER_MESSAGE = 16
TOKENS_AROUND = 1024
"""What a provider's template may add. Everything else costs at most one token a byte: no token is shorter."""

LOWEST_LIMIT = 128
"""The fewest completion tokens to which a limit of ours is lowered, where the provider takes no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """A request that may go out: its `fields`, the limit of its completion, and the most that it can cost.

    `is_our_limit` says that the agent named no limit, so that it may be lowered. `prompt_bytes` is the length of its
    texts, of which the provider makes tokens.
    """

    model: str
    price: Price
    fields: Mapping[str, Any]
    max_tokens: int
    is_our_limit: bool
    prompt_bytes: int
    most: Cost
    stream: bool = False
    usage_in_stream: bool = False

    def body(self, limit_field: str = FIELDS[0]) -> bytes:
        """Return the body for the provider, with the limit under the name that its model takes."""
        return encoded({**self.fields, limit_field: self.max_tokens, "stream": False})

    def lowered(self, max_tokens: int) -> "ChatRequest":
        """Return the same request for a shorter completion; what it can cost at most stays as it was reserved."""
        return replace(self, max_tokens=min(self.max_tokens, max_tokens))


def read_chat(asked: Mapping[str, Any], limits: RunLimits, prices: Mapping[str, Price]) -> ChatRequest:
    """Return the request; a model that is not named is the first that is allowed, and null is as absent.

    Raises:
        RequestProblem: it cannot be passed on.
    """
    model = _model(asked, limits)
    price = prices.get(model, Price())
    told = _limits_told(asked)
    max_tokens = min([*told.values(), limits.max_tokens])
    fields = {"model": model, **_rebuilt(asked)}
    size = len(encoded(fields))
    stream = flag(asked["stream"], "stream") if asked.get("stream") is not None else False
    prompt = size + TOKENS_PER_MESSAGE * len(fields["messages"]) + TOKENS_AROUND
    return ChatRequest(
        model=model,
        price=price,
        fields=fields,
        max_tokens=max_tokens,
        is_our_limit=not told,
        prompt_bytes=_text_bytes(fields["messages"]),
        most=price.cost(prompt, max_tokens),
        stream=stream,
        usage_in_stream=stream and _wants_usage(asked),
    )


def _rebuilt(asked: Mapping[str, Any]) -> dict[str, Any]:
    there = {name: value for name, value in asked.items() if value is not None}
    unknown = there.keys() - OPTIONS.keys() - IGNORED - set(FIELDS) - {"model", "messages", "n", "stream"}
    if unknown:
        names = ", ".join(shown(name) for name in sorted(unknown)[:5])
        raise wrong(f"not passed on to the LLM: {names}; leave it out")
    if there.get("n", 1) != 1 or isinstance(there.get("n"), bool):
        raise wrong("n is 1: ask again for another choice")
    messages = MESSAGES(asked.get("messages"), "messages")
    options = {name: OPTIONS[name](there[name], name) for name in OPTIONS if name in there}
    if not options.get("tools"):
        options = {name: value for name, value in options.items() if name not in _OF_TOOLS}
    return {"messages": messages, **options}


_OF_TOOLS = ("tools", "tool_choice", "parallel_tool_calls")
"""Left out where there is no tool: providers refuse a choice among none, and an empty list of them."""


def _model(asked: Mapping[str, Any], limits: RunLimits) -> str:
    model = asked.get("model") or (limits.models[0] if limits.models else None)
    if not isinstance(model, str) or model not in limits.models:
        known = ", ".join(limits.models) or "none"
        told = one_line(str(model), 100)
        raise RequestProblem(404, "model_not_found", f"the model {told!r} is not offered; offered are: {known}")
    return model


def _limits_told(asked: Mapping[str, Any]) -> dict[str, int]:
    """Return how long a completion may be, under each of the names under which the agent says so."""
    read = whole(1, (1 << 53))
    return {name: read(asked[name], name) for name in FIELDS if asked.get(name) is not None}


def _wants_usage(asked: Mapping[str, Any]) -> bool:
    options = asked.get("stream_options")
    return isinstance(options, dict) and options.get("include_usage") is True


def _text_bytes(messages: list[dict[str, Any]]) -> int:
    """Return the bytes of all texts in messages: what the prompt is, whatever a template puts around it."""
    texts = [text for message in messages for text in _texts(message.get("content"))]
    return sum(len(text.encode("utf-8", "replace")) for text in texts)


def _texts(content: Any) -> list[str]:
    if isinstance(content, str):
        return [content]
    return [part.get("text") or part.get("refusal") or "" for part in content or ()]
