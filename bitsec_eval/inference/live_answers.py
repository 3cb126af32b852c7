"""Answers from a provider, for one session: what is free is told, what costs goes through a `PaidCall`."""

import time
from collections.abc import Mapping

from bitsec_eval.core.errors import InferenceError
from bitsec_eval.core.llm_request import LLMRequest, LLMResponse
from bitsec_eval.inference.call import CallResult, LiveServices, PaidCall
from bitsec_eval.inference.cassette import Exchange, Offer
from bitsec_eval.inference.completion import Completion
from bitsec_eval.inference.dialects.chat_completions import BitsecInference, ChatCompletions, RidgesInference
from bitsec_eval.inference.dialects.dialect import Answered, Dialect
from bitsec_eval.inference.dialects.messages import AnthropicMessages
from bitsec_eval.inference.dialects.responses import OpenAIResponses
from bitsec_eval.inference.excluded_time import ExcludedTime
from bitsec_eval.inference.ledger import LedgerAccount, OverBudgetError
from bitsec_eval.inference.limits import RunLimits
from bitsec_eval.inference.problems import RequestProblem, json_reply
from bitsec_eval.inference.request.chat import ChatRequest, read_chat
from bitsec_eval.inference.request.json_body import object_in

PAID: Mapping[str, Dialect] = {
    "/v1/chat/completions": ChatCompletions(),
    "/v1/responses": OpenAIResponses(),
    "/v1/messages": AnthropicMessages(),
    "/inference": BitsecInference(),
    "/api/inference": RidgesInference(),
}
OFFERED = (*PAID, "/v1/models", "/v1/usage")


class LiveAnswers:
    """An `Answerer` for an account of the ledger."""

    def __init__(self, account: LedgerAccount, limits: RunLimits, services: LiveServices) -> None:
        self._account = account
        self._limits = limits
        self._services = services

    @property
    def offer(self) -> Offer:
        """What the agent may find out without asking."""
        return Offer(models=self._limits.models, request_bytes=self._limits.request_bytes)

    def answer(self, number: int, request: LLMRequest, excluded: ExcludedTime) -> Exchange:  # noqa: ARG002 - see Answerer
        """See `Answerer.answer`."""
        path = _path(request)
        try:
            if path in PAID:
                return self._paid(PAID[path], request, excluded)
            return Exchange(reply=self._told(path, request.method))
        except RequestProblem as problem:
            return Exchange(reply=problem.reply)

    def _told(self, path: str, method: str) -> LLMResponse:
        content = self._content(path)
        if content is None:
            raise RequestProblem(404, "unknown_url", f"nothing is there; try {', '.join(OFFERED)}")
        _expect("GET", method)
        return json_reply(content)

    def _content(self, path: str) -> object:
        if path == "/v1/models":
            return {"object": "list", "data": [_model(name) for name in self._limits.models], "has_more": False}
        if path == "/v1/usage":
            return self._usage()
        name = path.removeprefix("/v1/models/")
        return _model(name) if name in self._limits.models else None

    def _usage(self) -> dict[str, object]:
        spent, budget = self._services.ledger.spent(self._account), self._limits.budget
        left = spent.subtracted_from(budget)  # of the run: more would tell the second container from the first
        return {"object": "usage", "spent": spent.told(), "left": left.told(), "limits": budget.told()}

    def _paid(self, dialect: Dialect, request: LLMRequest, excluded: ExcludedTime) -> Exchange:
        _expect("POST", request.method)
        started = time.monotonic()
        chat = self._read(dialect, request.body)
        try:
            result = PaidCall(self._account, chat, self._limits, self._services, excluded).execute()
        except OverBudgetError as over:
            return _over_budget(over)
        return Exchange(
            reply=_response(dialect, chat, result), spent=result.spent, waited_seconds=time.monotonic() - started
        )

    def _read(self, dialect: Dialect, body: bytes) -> ChatRequest:
        most = self._limits.request_bytes
        if len(body) > most:
            raise RequestProblem(413, "request_too_large", f"the body is longer than {most} bytes")
        return read_chat(dialect.chat_form(object_in(body)), self._limits, self._services.prices)


def _response(dialect: Dialect, chat: ChatRequest, result: CallResult) -> LLMResponse | None:
    if not isinstance(result.outcome, Completion):
        return result.outcome.reply if result.outcome is not None else None
    answered = Answered(
        completion=result.outcome,
        request=chat,
        prompt_tokens=result.spent.prompt_tokens,
        completion_tokens=result.spent.completion_tokens,
        created=int(time.time()),
    )
    return dialect.response(answered)


def _path(request: LLMRequest) -> str:
    """Return the path of a request as it stands in `PAID`, without what may stand around it and with its /v1."""
    path = request.path.partition("?")[0]
    if path.startswith("http://"):
        path = "/" + path.removeprefix("http://").partition("/")[2]
    path = path.rstrip("/") or "/"
    return path if path in PAID or path.startswith("/v1/") else f"/v1{path}"


def _expect(method: str, asked: str) -> None:
    if asked != method:
        raise RequestProblem(405, "method_not_allowed", f"this address is for {method}")


def _model(name: str) -> dict[str, object]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "bitsec-eval"}


def _over_budget(over: OverBudgetError) -> Exchange:
    """Tell the agent; where neither its run's budget nor its share is used up, its run does not count."""
    whose = "this agent's share of the evaluation's budget" if over.shared else "the budget of this run"
    message = f"{whose} does not allow the call: {over.left:.12g} of {over.limit:.12g} {over.term} are left"
    problem = RequestProblem(429, f"budget_{over.term}", message, kind="insufficient_quota")
    option = f"--bitsec-llm-total-{over.term.replace('_', '-')}"
    void = InferenceError(f"the evaluation's budget of the LLM is used up ({over.term}); raise {option}")
    return Exchange(reply=problem.reply, void=None if over.own_doing else void)
