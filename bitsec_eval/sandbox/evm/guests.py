"""Programs of ours that run in a sandbox of the EVM's image, called as a code answer is."""

import marshal
import re
from base64 import b64encode
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from importlib.resources import files
from typing import Any

from bitsec_eval.core.answers.values import ValueFault, loads
from bitsec_eval.core.errors import AnswerFault, SandboxError, SolutionError
from bitsec_eval.core.proof.public import Public
from bitsec_eval.core.tasks.task import Limits
from bitsec_eval.sandbox.api import FrameKind, Session
from bitsec_eval.sandbox.execution.solution import MODULE, RemoteFunction
from bitsec_eval.sandbox.execution.solution_rpc import SolutionRpc

COMPILER_LIMITS = Limits(wall_seconds=86_400, call_seconds=20, memory_mib=768, pids=64)
EVM_LIMITS = Limits(wall_seconds=20, call_seconds=10, memory_mib=512, pids=32)
MOST_PARTS = 64
MARSHAL_VERSION = 4
"""A format that every Python from 3.4 on reads; what goes to a guest is the host's own, and nothing comes back so."""

_HEX_NUMBER = re.compile(r"0x[0-9a-f]{1,64}\Z")


@cache
def guest_program(*names: str) -> bytes:
    """Return the text of programs of ours for a guest, one behind the other."""
    folder = files("bitsec_eval.sandbox.guest")
    return b"".join(folder.joinpath(name).read_bytes() for name in names)


@cache
def _compiler_program() -> bytes:
    script = guest_program("solc.js").decode()
    return f"PROGRAM = {script!r}\n".encode() + guest_program("solc_worker.py")


class Guest:
    """One program in its sandbox; `usable` until something went wrong there.

    `image_option` is how `bitsec-eval image build` is told to make the image that the program needs.
    """

    def __init__(
        self,
        session: Session,
        program: bytes,
        limits: Limits,
        image_option: str = "--evm",
        kind: FrameKind = FrameKind.LOAD_ANSWER,
    ) -> None:
        self._session = session
        self._image_option = image_option
        self._rpc = SolutionRpc(session, program, limits, kind)
        self.begin()

    def begin(self) -> None:
        """Start the program afresh, with nothing left of what ran there before.

        Raises:
            SandboxError: it does not start: nothing of an answer is in there yet, so that is ours.
        """
        self._is_sound = True
        self._rpc.begin()
        if self._rpc.fault is not None:
            remedy = f"run bitsec-eval image build {self._image_option}"
            raise SandboxError(f"the image does not start its program: {self._rpc.fault}; {remedy}")

    @property
    def usable(self) -> bool:
        """Whether it may be asked again."""
        return self._is_sound and self._rpc.usable and self._rpc.fault is None

    def ask(self, name: str, *arguments: object, blame: Public) -> Any:
        """Call a function of the program.

        Raises:
            AnswerFault: it was late, died, or said nothing readable.
            SandboxError: the sandbox failed.
        """
        self._session.reset_output_quota()
        try:
            return RemoteFunction(self._rpc, MODULE, name)(*arguments)
        except (SolutionError, AnswerFault) as error:
            raise self.fault(blame, error) from None

    def fault(self, blame: Public, told: object) -> AnswerFault:
        """Return what is raised where the program said `told`; it is not asked again."""
        self._is_sound = False
        return AnswerFault(f"{blame}: {told}", blame)


class Compiler:
    """A compiler's process, started ahead, with the versions that are asked of it loaded."""

    def __init__(self, session: Session, versions: Sequence[str]) -> None:
        self._guest = Guest(session, _compiler_program(), COMPILER_LIMITS)
        try:
            ready = self._guest.ask("start", list(versions), blame=Public.COMPILER)
        except AnswerFault as fault:
            raise SandboxError(
                f"the Solidity compiler does not start: {fault}; run bitsec-eval image build --evm"
            ) from fault
        if ready != "ready":
            raise SandboxError("the Solidity compiler does not start; run bitsec-eval image build --evm")

    @property
    def usable(self) -> bool:
        """Whether it may be asked again."""
        return self._guest.usable

    def compile(self, version: str, text: str) -> str:
        """Return the output for an input, both standard JSON.

        Raises:
            AnswerFault: the input took it down, or more time or memory than it may.
            SandboxError: the sandbox failed.
        """
        parts = self._guest.ask("translate", version, text, blame=Public.COMPILER)
        if type(parts) is not int or not 0 < parts <= MOST_PARTS:
            raise self._guest.fault(Public.COMPILER, "its process ended")
        read = [self._guest.ask("part", index, blame=Public.COMPILER) for index in range(parts)]
        if not all(type(part) is str for part in read):
            raise self._guest.fault(Public.COMPILER, "its output is no text")
        return "".join(read)


class SandboxMachine:
    """An EVM's process; see `Machine`."""

    def __init__(self, session: Session) -> None:
        self._guest = Guest(session, guest_program("evm_worker.py"), EVM_LIMITS, kind=FrameKind.LOAD_PROGRAM)

    @property
    def usable(self) -> bool:
        """Whether it may be asked again."""
        return self._guest.usable

    def renew(self) -> None:
        """Start the EVM's process afresh, for another answer.

        Raises:
            SandboxError: that fails.
        """
        self._guest.begin()

    def run(self, steps: Sequence[Sequence[object]]) -> list[Any]:
        """See `Machine.run`."""
        told = self._guest.ask("run", _program(steps), blame=Public.EVM)
        try:
            outcomes = loads(told.encode("ascii")) if type(told) is str else None
        except (UnicodeEncodeError, ValueFault):
            outcomes = None
        return list(map(plain_outcome, outcomes)) if type(outcomes) is list else []


def _program(steps: Sequence[Sequence[object]]) -> str:
    """Return steps as they go to the EVM's process; marshalled, an object that stands there twice is sent once."""
    known: dict[object, object] = {}
    once = [[known.setdefault(part, part) if type(part) is bytes else part for part in step] for step in steps]
    return b64encode(marshal.dumps(once, MARSHAL_VERSION)).decode("ascii")


def plain_outcome(told: Any) -> Any:
    """Return an outcome of the EVM's process in the form that `Machine` has, or as it is where it has none."""
    if type(told) is str and _HEX_NUMBER.match(told):
        return int(told, 16)
    if type(told) is not list or len(told) != len(_TRANSACTION):
        return told
    outcome = dict(zip(_TRANSACTION, told, strict=True))
    with suppress(ValueError, TypeError):
        outcome["output"] = bytes.fromhex(outcome["output"])
    return outcome


_TRANSACTION = ("ok", "output", "reason", "gas", "address", "logs")
