"""Foundry projects in sandboxes: their tests run with forge, offline and with the compilers of the image."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from bitsec_eval.core.answers.values import ValueFault
from bitsec_eval.core.proof.forge_report import ForgeReport, read_report
from bitsec_eval.core.proof.public import Public
from bitsec_eval.core.tasks.task import Limits
from bitsec_eval.core.text import one_line
from bitsec_eval.sandbox.api import Sandbox, Session
from bitsec_eval.sandbox.evm.guests import Guest, guest_program
from bitsec_eval.sandbox.evm.places import EvmPlace, Places

FORGE_LIMITS = Limits(
    wall_seconds=3600, call_seconds=900, memory_mib=2048, cpus=2.0, pids=128, output_bytes=16 << 20, tmp_mib=384
)
BATCH_CHARACTERS = 1 << 18

Result = TypeVar("Result")


class SandboxForge:
    """forge in its sandbox; see `bitsec_eval.core.proof.foundry.Forge`."""

    def __init__(self, session: Session) -> None:
        self._guest = Guest(session, guest_program("forge_worker.py"), FORGE_LIMITS, "--foundry")

    @property
    def usable(self) -> bool:
        """Whether it may be asked again."""
        return self._guest.usable

    def renew(self) -> None:
        """Start afresh, with no project.

        Raises:
            SandboxError: that fails.
        """
        self._guest.begin()
        self._guest.ask("clear", blame=Public.FORGE)

    def put(self, files: Mapping[str, str]) -> None:
        """See `Forge.put`."""
        for batch in _batches(files):
            self._guest.ask("put", batch, blame=Public.FORGE)

    def remove(self, paths: Sequence[str]) -> None:
        """See `Forge.remove`."""
        self._guest.ask("remove", list(paths), blame=Public.FORGE)

    def test(self, version: str, options: Sequence[str]) -> ForgeReport:
        """See `Forge.test`."""
        told = self._guest.ask("test", version, list(options), blame=Public.FORGE)
        try:
            return read_report(told)
        except ValueFault as fault:
            words = one_line(told, 300) if isinstance(told, str) else str(fault)
            raise self._guest.fault(Public.FORGE, words) from None


def _batches(files: Mapping[str, str]) -> Iterator[dict[str, str]]:
    batch: dict[str, str] = {}
    size = 0
    for path, text in files.items():
        if batch and size + len(text) > BATCH_CHARACTERS:
            yield batch
            batch, size = {}, 0
        batch[path] = text
        size += len(text)
    yield batch


class ForgeSandboxes:
    """forge over a sandbox engine of its image: a place for the tasks' own tests, and an agent's for its answers."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._ahead = ThreadPoolExecutor(1, thread_name_prefix="bitsec-forge-start")
        self._places = Places(lambda: EvmPlace(sandbox, FORGE_LIMITS, SandboxForge), self._ahead)

    def run(self, agent: str, action: Callable[[SandboxForge], Result]) -> Result:
        """Return what `action` returns, with no project there before; `agent` is empty for what is the tasks' own.

        Raises:
            AnswerFault: what was run there took it down.
            SandboxError: the sandbox failed.
        """
        return self._places.use_renewed(agent, action)

    def close(self) -> None:
        """Remove every sandbox."""
        self._places.close()
        self._ahead.shutdown(cancel_futures=True)
