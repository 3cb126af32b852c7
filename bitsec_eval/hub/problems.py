"""Everything the hub refuses: a reason for programs, a sentence for people, what to do about it, and a status."""

from dataclasses import asdict, dataclass
from typing import Any

from bitsec_eval.core.agents.agent_check import Refusal
from bitsec_eval.core.agents.agent_name import NAME_RULE


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One refusal as it is answered; `line` is a line of the uploaded agent, `retry_after_seconds` a header.

    `in_browser` is the remedy for whoever filled in a form, where that is another one.
    """

    status: int
    reason: str
    sentence: str
    remedy: str
    line: int | None = None
    retry_after_seconds: int | None = None
    in_browser: str = ""


class Refused(Exception):  # noqa: N818 - it refuses a request, nothing went wrong here
    """Ends a request with a problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.reason)
        self.problem = problem


def problem_fields(problem: Problem) -> dict[str, Any]:
    """Return what a problem says in JSON; its status and wait travel as HTTP says."""
    fields = asdict(problem)
    del fields["status"], fields["retry_after_seconds"], fields["in_browser"]
    return fields


def refused_agent(refusal: Refusal) -> Problem:
    """Answer a refusal by the agent check: 413 for its size, else 422."""
    return Problem(
        status=413 if refusal.reason == "too_large" else 422,
        reason=refusal.reason,
        sentence=refusal.sentence,
        remedy=refusal.remedy,
        line=refusal.line,
    )


MALFORMED = Problem(
    status=400,
    reason="malformed_request",
    sentence="The request is not HTTP or its form does not parse.",
    remedy="Send a multipart/form-data form, for example with curl -F miner_id=ID -F agent=@agent.py.",
)
UNKNOWN_HOST = Problem(
    status=400,
    reason="unknown_host",
    sentence="The Host header names another server than this hub.",
    remedy="Use the address the hub was started with; its operator adds names with --name.",
)
TOKEN_MISSING = Problem(
    status=401,
    reason="token_missing",
    sentence="This miner id is taken; only its owner may upload a new version.",
    remedy="Send the token of the first upload (Authorization: Bearer, or field token), or choose another miner id.",
    in_browser="If it is yours, type the token that its first upload showed; if not, choose another miner id.",
)
OUTPUT_WITHOUT_TOKEN = Problem(
    status=401,
    reason="token_missing",
    sentence="What an agent printed is shown to its owner only.",
    remedy="Give the token of the miner id's first upload (Authorization: Bearer, or the form's field token).",
    in_browser="Go back and type the token that the first upload of this miner id showed.",
)
TOKEN_WRONG = Problem(
    status=403,
    reason="token_wrong",
    sentence="The token does not belong to this miner id.",
    remedy="Send the token that the first upload of this miner id returned; to upload without it, choose another id.",
    in_browser="Type the token that this miner id's first upload showed; to upload without it, choose another id.",
)
FOREIGN_ORIGIN = Problem(
    status=403,
    reason="foreign_origin",
    sentence="Another site's page asked for this; the hub answers its own pages and programs only.",
    remedy="Open the hub's own page, or send the request from a program without an Origin header.",
)
QUOTA_USED = Problem(
    status=403,
    reason="quota_used",
    sentence="This miner id has stored as many versions as one may.",
    remedy="Ask the hub's operator to raise --versions-per-miner.",
)
NOT_FOUND = Problem(
    status=404,
    reason="not_found",
    sentence="There is nothing at this address.",
    remedy="See / for the board, /tasks and /agents for what there is, /docs for every address.",
)
WRONG_METHOD = Problem(
    status=405,
    reason="wrong_method",
    sentence="This address does not take that method.",
    remedy="See /docs for the methods each address takes.",
)
TOO_SLOW = Problem(
    status=408,
    reason="too_slow",
    sentence="The request did not arrive in time.",
    remedy="Send it again, over a faster connection.",
)
BODY_TOO_LARGE = Problem(
    status=413,
    reason="too_large",
    sentence="The request's body is larger than any agent may be (262,144 bytes).",
    remedy="Send one agent file of at most 256 KiB and nothing else.",
)
ENCODED_BODY = Problem(
    status=415,
    reason="encoded_body",
    sentence="The request's body is compressed; the hub reads plain bodies only.",
    remedy="Send it without a Content-Encoding header.",
)
NOT_A_FORM = Problem(
    status=415,
    reason="not_a_form",
    sentence="An upload is a multipart/form-data form, and this is something else.",
    remedy="Send a form, for example with curl -F miner_id=ID -F agent=@agent.py.",
)
WRONG_FIELDS = Problem(
    status=422,
    reason="wrong_fields",
    sentence="The form must hold one text field miner_id and one file, and may hold token and new_token.",
    remedy="Send exactly these fields, for example with curl -F miner_id=ID -F agent=@agent.py.",
    in_browser="Type a miner id and choose one file.",
)
WRONG_MINER_ID = Problem(
    status=422,
    reason="wrong_miner_id",
    sentence=f"A miner id is {NAME_RULE}.",
    remedy="Choose another miner id, for example alice-1.",
)
WEAK_TOKEN = Problem(
    status=422,
    reason="weak_token",
    sentence="A token of one's own choice is 32 to 128 of A-Z, a-z, 0-9, - and _.",
    remedy="Make one with python -c 'import secrets; print(secrets.token_urlsafe(32))', or send none.",
)
FULL = Problem(
    status=507,
    reason="disk_full",
    sentence="The hub has no room left; nothing was stored and nothing was lost.",
    remedy="Try again later; the operator must free space.",
)
UNWRITABLE = Problem(
    status=507,
    reason="store_unwritable",
    sentence="The hub cannot write to its folder; nothing was stored and nothing was lost.",
    remedy="Try again later; the operator must look at the hub's log.",
)
CHECKER_AWAY = Problem(
    status=503,
    reason="checker_away",
    sentence="The hub could not start the process that checks agents; nothing was stored.",
    remedy="Try again later; the operator must look at the hub's log.",
)


def too_many(retry_after_seconds: int) -> Problem:
    """Answer a client that asks more often than it may."""
    return Problem(
        status=429,
        reason="too_many_requests",
        sentence=f"Too many requests; the next one is answered in {retry_after_seconds} s.",
        remedy="Wait as long as the Retry-After header says.",
        retry_after_seconds=retry_after_seconds,
    )


def check_time_used(retry_after_seconds: int) -> Problem:
    """Answer a client whose uploads took more processor time to check than it may use."""
    return Problem(
        status=429,
        reason="check_time_used",
        sentence="Checking the uploads of this address took more processor time than one address may use.",
        remedy=f"Wait {retry_after_seconds} s, as the Retry-After header says, and send smaller or simpler files.",
        retry_after_seconds=retry_after_seconds,
    )


def copied(earlier_miner: str, earlier_time: str) -> Problem:
    """Refuse a copy of another miner's earlier agent."""
    return Problem(
        status=409,
        reason="copy",
        sentence=f"This is a copy of the agent that {earlier_miner} uploaded at {earlier_time}.",
        remedy="Upload work of your own; names, comments and layout make no difference.",
    )
