"""An agent may have its answer compiled a few times; whatever it sends it gets a reply, and the LLM never sees it."""

import json
from queue import Queue
from threading import Event
from time import sleep

import pytest

from bitsec_eval.core.errors import AnswerFault, SandboxError
from bitsec_eval.core.llm_request import LLMRequest, LLMResponse
from bitsec_eval.core.proof.public import Public
from bitsec_eval.sandbox.evm.answer_compiler import MOST_ASKED, PATH, AnswerCompiler, StartWait


class Line:
    """An LLM's line that keeps what it is asked."""

    request_bytes = 100
    is_held_up = False
    excluded_seconds = 0.0
    failure = None

    def __init__(self):
        self.environment = {"OPENAI_API_KEY": "k"}
        self.asked = []
        self.closed = False

    def ask(self, question, reply):
        self.asked.append(question.path)
        reply(LLMResponse(status=200, body=b"{}"))

    def close(self):
        self.closed = True

    def usage(self):
        return None


def compiled(text):
    """Compile what holds no slip."""
    if "slip" in text:
        raise AnswerFault(f"{Public.NOT_COMPILED}: ParserError", Public.NOT_COMPILED)
    if "lost" in text:
        raise SandboxError("no engine answers at a secret address")


def asked(service: AnswerCompiler, body: bytes, method: str = "POST", path: str = PATH) -> tuple[int, dict]:
    """Ask and return the status and the JSON of the reply."""
    replies: Queue[LLMResponse] = Queue()
    service.ask(LLMRequest(method=method, path=path, body=body), replies.put)
    response = replies.get(timeout=10)
    return response.status, json.loads(response.body)


def test_it_says_whether_an_answer_compiles_and_what_the_compiler_says():
    service = AnswerCompiler(Line(), compiled)

    assert service.environment["COMPILER_URL"].endswith(PATH)
    assert asked(service, b"right") == (200, {"compiles": True, "message": ""})
    assert asked(service, b"a slip \xff") == (
        200,
        {"compiles": False, "message": "the answer does not compile: ParserError"},
    )


def test_a_failure_of_ours_is_told_without_its_words():
    status, told = asked(AnswerCompiler(Line(), compiled), b"lost")

    assert status == 503
    assert told == {"error": {"message": "the compiler is not to be had at the moment"}}


def test_it_may_be_asked_a_few_times_only():
    service = AnswerCompiler(Line(), compiled)
    found = [asked(service, b"right")[0] for _ in range(MOST_ASKED + 1)]

    assert found == [200] * MOST_ASKED + [429]


def test_only_an_answer_that_is_posted_is_compiled():
    assert asked(AnswerCompiler(Line(), compiled), b"", method="GET")[0] == 400


def test_everything_else_goes_to_the_llm_and_nothing_of_it():
    line = Line()
    service = AnswerCompiler(line, compiled)
    asked(service, b"right")
    asked(service, b"{}", path="/v1/chat/completions")

    assert line.asked == ["/v1/chat/completions"]


def test_a_line_that_is_closed_gives_no_reply():
    replies: Queue[LLMResponse] = Queue()
    line = Line()
    service = AnswerCompiler(line, compiled)
    service.close()
    service.ask(LLMRequest(method="POST", path=PATH, body=b"right"), replies.put)

    assert line.closed
    with pytest.raises(Exception, match="^$"):
        replies.get(timeout=0.3)


class Clock:
    """Time that a test lets pass."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def test_the_wait_for_a_compiler_is_not_the_agents_and_its_compile_is():
    clock = Clock()
    wait = StartWait(clock)
    with wait.waiting():
        clock.now += 3
        assert wait.is_running
        assert wait.seconds == 3
        with wait.waiting():
            clock.now += 1
    with wait.compiling():
        clock.now += 5
        assert not wait.is_running

    assert wait.seconds == 4


def test_who_waits_for_its_own_compile_or_has_taken_a_compiler_down_waits_on_its_own_time():
    clock = Clock()
    wait = StartWait(clock)
    with wait.compiling(), wait.waiting():
        clock.now += 5
    with pytest.raises(AnswerFault), wait.compiling():
        raise AnswerFault("a slip", Public.NOT_COMPILED)
    with wait.waiting():
        clock.now += 2
    with pytest.raises(AnswerFault), wait.compiling():
        raise AnswerFault("down", Public.COMPILER)
    with wait.waiting():
        clock.now += 7
        assert not wait.is_running

    assert wait.seconds == 2


def test_a_compiler_that_starts_slowly_holds_the_agents_clock():
    started, seen = Event(), Queue()
    line = Line()
    service = AnswerCompiler(line, compiled, lambda: started.wait(10))
    service.ask(LLMRequest(method="POST", path=PATH, body=b"right"), seen.put)
    while not service.is_held_up:
        sleep(0.001)
    sleep(0.05)
    started.set()

    assert seen.get(timeout=10).status == 200
    assert not service.is_held_up
    assert service.excluded_seconds >= 0.05


def test_no_compiler_is_a_failure_of_ours_and_no_loss_of_a_run():
    def none():
        raise SandboxError("no engine")

    assert asked(AnswerCompiler(Line(), compiled, none), b"right")[0] == 503
