"""Answers from a provider, for one line: what is free is told, what costs goes through a `Call`."""

import time
from collections.abc import Callable, Mapping

from bitsec_eval.core.errors import InferenceError
from bitsec_eval.core.llm_request import LLMRequest, LLMResponse
from bitsec_eval.inference.call import Call, Shared
from bitsec_eval.inference.cassette import Exchange, Offer
from bitsec_eval.inference.chat import Chat, read_chat
from bitsec_eval.inference.completion import Completion, bitsec_reply, openai_reply
from bitsec_eval.inference.cost import Cost
from bitsec_eval.inference.excluded_time import ExcludedTime
from bitsec_eval.inference.ledger import OverBudgetError
from bitsec_eval.inference.limits import RunLimits
from bitsec_eval.inference.problems import Problem, json_reply

PAID: Mapping[str, Callable[[Completion, Chat], LLMResponse]] = {
    "/v1/chat/completions": openai_reply,
    "/inference": bitsec_reply,
}
OFFERED = (*PAID, "/v1/models", "/v1/usage")


class LiveAnswers:
    """An `Answerer` for the line that the ledger knows as `name`."""

    def __init__(self, name: str, limits: RunLimits, shared: Shared) -> None:
        self._name = name
        self._limits = limits
        self._shared = shared

    @property
    def offer(self) -> Offer:
        """What the agent may find out without asking."""
        return Offer(models=self._limits.models, request_bytes=self._limits.request_bytes)

    def answer(self, number: int, question: LLMRequest, excluded: ExcludedTime) -> Exchange:  # noqa: ARG002 - see Answerer
        """See `Answerer.answer`."""
        path = _path(question)
        try:
            if path in PAID:
                return self._paid(path, question, excluded)
            return Exchange(reply=self._told(path, question.method))
        except Problem as problem:
            return Exchange(reply=problem.reply)

    def _told(self, path: str, method: str) -> LLMResponse:
        content = self._content(path)
        if content is None:
            raise Problem(404, "unknown_url", f"nothing is there; try {', '.join(OFFERED)}")
        _expect("GET", method)
        return json_reply(content)

    def _content(self, path: str) -> object:
        if path == "/v1/models":
            return {"object": "list", "data": [_model(name) for name in self._limits.models]}
        if path == "/v1/usage":
            return self._usage()
        name = path.removeprefix("/v1/models/")
        return _model(name) if name in self._limits.models else None

    def _usage(self) -> dict[str, object]:
        spent, budget = self._shared.ledger.spent(self._name), self._limits.budget
        left = Cost.of(*(max(0, term) for term in (budget - spent).terms))
        return {"object": "usage", "spent": spent.told(), "left": left.told(), "limits": budget.told()}

    def _paid(self, path: str, question: LLMRequest, excluded: ExcludedTime) -> Exchange:
        _expect("POST", question.method)
        started = time.monotonic()
        chat = read_chat(question.body, self._limits, self._shared.prices)
        try:
            result = Call(self._name, chat, self._limits, self._shared, excluded).execute()
        except OverBudgetError as over:
            return _over_budget(over)
        return Exchange(
            reply=_reply(result.outcome, chat, PAID[path]),
            spent=result.spent,
            waited_seconds=time.monotonic() - started,
        )


def _reply(
    outcome: Completion | Problem | None, chat: Chat, shaped: Callable[[Completion, Chat], LLMResponse]
) -> LLMResponse | None:
    if isinstance(outcome, Completion):
        return shaped(outcome, chat)
    return outcome.reply if outcome is not None else None


def _path(question: LLMRequest) -> str:
    """Return the path of a question, without what may stand around it."""
    path = question.path.partition("?")[0]
    if path.startswith("http://"):
        path = "/" + path.removeprefix("http://").partition("/")[2]
    return path.rstrip("/") or "/"


def _expect(method: str, asked: str) -> None:
    if asked != method:
        raise Problem(405, "method_not_allowed", f"this address is for {method}")


def _model(name: str) -> dict[str, object]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "bitsec-eval"}


def _over_budget(over: OverBudgetError) -> Exchange:
    """Tell the agent; where it is not its own budget that is used up, its run does not count."""
    whose = "this evaluation" if over.total else "this run"
    message = (
        f"the budget of {whose} does not allow the call: {over.left:.12g} of {over.limit:.12g} {over.term} are left"
    )
    problem = Problem(429, f"budget_{over.term}", message, kind="insufficient_quota")
    option = f"--bitsec-llm-total-{over.term.replace('_', '-')}"
    void = InferenceError(f"the evaluation's budget of the LLM is used up ({over.term}); raise {option}")
    return Exchange(reply=problem.reply, void=void if over.total else None)
