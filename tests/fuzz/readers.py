"""Everything that reads what an enemy wrote, with the only exceptions it may raise and examples to start from."""

import io
import struct
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType

from bitsec_eval.core.agents.agent_check import examine
from bitsec_eval.core.answers.answer import Answer, Ending
from bitsec_eval.core.answers.values import ValueFault, decode, dumps, encode, loads
from bitsec_eval.core.errors import AnswerFault, ResultsError
from bitsec_eval.core.junit.reader import read_junit
from bitsec_eval.core.reports.report import parse_report
from bitsec_eval.core.text import one_line, printable
from bitsec_eval.sandbox.api import Frame
from bitsec_eval.sandbox.docker.stream import DockerStream
from bitsec_eval.sandbox.execution.agent_run import _exit_words
from bitsec_eval.sandbox.execution.solution_rpc import _checked_reply, _death_words
from bitsec_eval.sandbox.protocol.frames import FrameReader, MalformedFrame, pack
from bitsec_eval.sandbox.protocol.guest_program import program_text
from tests.junit_files import JunitFile

GUEST = ModuleType("guest")
exec(compile(program_text(), "program", "exec"), GUEST.__dict__)

NUMBER = "00" * 16
VALUE = {"a": [1, -2.5, None, True, b"\xff", "\u00fc", (1, {2, 3}), frozenset({4})]}


@dataclass(frozen=True, kw_only=True)
class Reader:
    """One reader: `read` may raise nothing but `refusals`."""

    read: Callable[[bytes], object]
    refusals: tuple[type[BaseException], ...] = ()
    examples: tuple[bytes, ...] = ()


def _frames(data: bytes) -> None:
    reader = FrameReader()
    for start in range(0, len(data), 7):
        reader.feed(data[start : start + 7])
        while reader.pop():
            pass


class _Silent:
    """A socket of which only the parser is used."""

    def setblocking(self, flag: bool) -> None:
        pass


def _engine_frames(data: bytes) -> None:
    stream = DockerStream(_Silent())
    for start in range(0, len(data), 5):
        stream._stdout_of(memoryview(data[start : start + 5]))


def _value(data: bytes) -> None:
    value = decode(loads(data))
    repr(value)


def _printable(data: bytes) -> None:
    for text in (
        data,
        data.decode("utf-8", "surrogateescape"),
        data[: len(data) // 2 * 2].decode("utf-16-le", "surrogatepass"),
    ):
        shown = printable(text, 200)
        shown.encode("utf-8")
        assert not any(ord(character) < 32 and character not in "\n\t" for character in shown)
        assert "\n" not in one_line(text)


def _answer(data: bytes) -> None:
    for ending in Ending:
        answer = Answer(ending=ending, stdout=data, stderr=data, status="status 1")
        assert "\n" not in answer.fault
        answer.text.encode("utf-8")


def _report(data: bytes) -> None:
    parse_report(data.decode("utf-8", "backslashreplace"))


JUNIT = JunitFile().run("a", "t", ["passed", "failed"]).run("b", "t", ["error", "passed"]).text

READERS: dict[str, Reader] = {
    "frames": Reader(
        read=_frames,
        refusals=(MalformedFrame,),
        examples=(pack("O", b"hello") + pack("X", b'{"status":0}'), struct.pack(">IB", 0xFFFFFFFF, 86)),
    ),
    "engine frames": Reader(read=_engine_frames, examples=(struct.pack(">BxxxI", 1, 5) + b"hello",)),
    "values": Reader(read=_value, refusals=(ValueFault,), examples=(dumps(encode(VALUE)), b'["h",1,"T"]')),
    "replies": Reader(
        read=lambda data: _checked_reply(Frame("V", data), NUMBER),
        refusals=(ValueFault,),
        examples=(dumps({"id": NUMBER, "value": encode(VALUE)}), dumps({"id": NUMBER, "raised": ["E", "text"]})),
    ),
    "endings": Reader(
        read=lambda data: _exit_words(loads(data)),
        refusals=(ValueFault,),
        examples=(b'{"status":0}', b'{"signal":9}'),
    ),
    "deaths": Reader(read=_death_words, examples=(b'{"signal":9}', b'{"status":1}')),
    "answers": Reader(read=_answer, examples=(b"Traceback\nValueError: x\n", b"\x1b[31m\xff")),
    "solutions": Reader(
        read=GUEST.source_of, refusals=(GUEST.Fault,), examples=(b"def f(): pass", b"x\n```python\nX=1\n```\n")
    ),
    "reports": Reader(
        read=_report,
        refusals=(AnswerFault,),
        examples=(b'{"vulnerabilities":[{"title":"t","severity":"high","confidence":0.9,"file":["a","b"]}]}',),
    ),
    "junit": Reader(
        read=lambda data: read_junit(io.BytesIO(data), "x"),
        refusals=(ResultsError,),
        examples=(JUNIT,),
    ),
    "text": Reader(read=_printable, examples=("\u202eabc\x9b".encode(), b"\xff\xfe\x00")),
    "agents": Reader(
        read=examine, examples=(b'import os\nif __name__ == "__main__":\n    print("--task")\n', b"# coding: utf-7\n")
    ),
}


def read(name: str, data: bytes) -> None:
    """Have a reader read; whatever it raises beyond its refusals is a finding."""
    reader = READERS[name]
    try:
        reader.read(data)
    except reader.refusals:
        return
