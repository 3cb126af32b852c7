"""Error responses to an agent whose request gets no completion: OpenAI's error form, under a status that fits."""

import json

from bitsec_eval.core.llm_request import LLMResponse

JSON_HEADERS = {"Content-Type": "application/json"}
FINAL = {"x-should-retry": "false"}  # what OpenAI's own clients look at before they try again


class RequestProblem(Exception):  # noqa: N818 - a value that travels up to the agent, not an error of ours
    """Why a question was not answered, which is the agent's to mend; `billed` if it may have cost money."""

    def __init__(
        self, status: int, code: str, message: str, *, kind: str = "invalid_request_error", billed: bool = False
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.kind = kind
        self.billed = billed

    @property
    def reply(self) -> LLMResponse:
        """The same as an HTTP response: OpenAI's form, with Anthropic's `type` and the `detail` of Bitsec's proxy."""
        error = {"message": str(self), "type": self.kind, "param": None, "code": self.code}
        return json_reply({"type": "error", "error": error, "detail": str(self)}, self.status, FINAL)


def json_reply(content: object, status: int = 200, headers: dict[str, str] | None = None) -> LLMResponse:
    """Return a response of JSON."""
    body = json.dumps(content, separators=(",", ":")).encode("ascii")
    return LLMResponse(status=status, body=body, headers=JSON_HEADERS | (headers or {}))


def switched_off() -> RequestProblem:
    """Return what an agent hears where no LLM is offered."""
    message = "no LLM is offered in this evaluation; answer without one"
    return RequestProblem(503, "llm_off", message, kind="service_unavailable")


def out_of_order() -> RequestProblem:
    """Return what an agent hears when the run is void: nothing it does matters any more."""
    return RequestProblem(
        503, "llm_failed", "the LLM cannot be reached; this run does not count", kind="service_unavailable"
    )
