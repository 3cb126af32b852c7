"""A guest's first words, which say what it sees of its own guards; until then nothing untrusted has run."""

import time
from collections.abc import Callable

from bitsec_eval.core.answers.values import ValueFault, loads
from bitsec_eval.core.errors import SandboxError
from bitsec_eval.core.text import one_line
from bitsec_eval.sandbox.api import Frame, FrameKind, Session
from bitsec_eval.sandbox.hardening.policy import missing_in_guest

HELLO_SECONDS = 30


def check_hello(session: Session, uid: int, complaint: Callable[[], bytes]) -> None:
    """Wait for the guest's greeting; `complaint` is what its runtime had to say instead.

    Raises:
        SandboxError: there is none, or a guard is missing: whatever is wrong is ours.
    """
    heard = session.receive(time.monotonic() + HELLO_SECONDS)
    if not isinstance(heard, Frame) or heard.kind != FrameKind.HELLO:
        words = one_line(complaint().strip()) or "no word from it"
        raise SandboxError(f"a sandbox did not start: {words}; make its image again with bitsec-eval image build")
    try:
        hello = loads(heard.payload)
    except ValueFault as fault:
        raise SandboxError(f"a sandbox's greeting cannot be read: {fault}") from fault
    missing = missing_in_guest(uid, hello)
    if missing:
        raise SandboxError(f"a sandbox lacks: {', '.join(missing)}; no agent runs without every guard")
