"""The seam to an EVM: steps in, plain outcomes out, each of which an enemy may have written."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from bitsec_eval.core.answers.values import ValueFault

CALL_GAS = 30_000_000
"""Gas of every transaction, a block's: it also bounds the time (an endless loop takes 30 ms) and memory of a call."""

_ADDRESS = re.compile(r"0x[0-9a-f]{40}\Z")
_REVERT = re.compile(r"Revert \{ gas_used: \d+, output: 0x([0-9a-f]*) \}\Z")
_HALT = re.compile(r"Halt \{ reason: ([A-Za-z()]{1,60}), gas_used: \d+ \}\Z")


class Machine(Protocol):
    """Any number of EVMs, told apart by numbers of ours."""

    def run(self, steps: Sequence[Sequence[object]]) -> list[Any]:
        """Do the steps in order and return what came of each; the steps are those of `guest/evm_worker.py`.

        Raises:
            AnswerFault: what runs there brought the machine down.
            SandboxError: the machine failed, and nobody is to blame.
        """


@dataclass(frozen=True, slots=True)
class CallOutcome:
    """What came of one transaction: whether it stands, what it returned or reverted with, and the gas it used."""

    ok: bool
    output: bytes = b""
    reason: str = ""
    gas: int = 0
    address: str = ""
    logs: tuple[tuple[str, int], ...] = ()


def outcome_of(told: object) -> CallOutcome:
    """Return the outcome a machine told.

    Raises:
        ValueFault: it is none.
    """
    if not isinstance(told, dict):
        raise ValueFault("no outcome of a transaction")
    ok, output, gas, reason = told.get("ok"), told.get("output"), told.get("gas"), told.get("reason")
    if type(ok) is not bool or type(output) is not bytes or type(gas) is not int or type(reason) is not str:
        raise ValueFault("no outcome of a transaction")
    address = told.get("address", "")
    if type(address) is not str or (address and not _ADDRESS.match(address)):
        raise ValueFault("no address of a contract")
    if ok:
        return CallOutcome(ok=True, output=output, gas=gas, address=address, logs=_logs(told.get("logs")))
    return _failed(reason, gas)


def _failed(reason: str, gas: int) -> CallOutcome:
    reverted = _REVERT.match(reason)
    if reverted:
        return CallOutcome(ok=False, output=bytes.fromhex(reverted[1]), reason="reverted", gas=gas)
    halted = _HALT.match(reason)
    return CallOutcome(ok=False, reason=f"halted: {halted[1]}" if halted else "refused by the EVM", gas=gas)


def _logs(told: object) -> tuple[tuple[str, int], ...]:
    """Return of each log who wrote it and how many bytes: nothing more of them is used."""
    logs = told if isinstance(told, list) else []
    return tuple(
        (log[0].lower(), log[1])
        for log in logs[:32]
        if isinstance(log, list) and len(log) == 2 and isinstance(log[0], str) and type(log[1]) is int
    )


def number_of(told: object) -> int:
    """Return a balance, a storage word or a snapshot's number.

    Raises:
        ValueFault: it is none.
    """
    if type(told) is not int or not 0 <= told < 1 << 256:
        raise ValueFault("no number of an EVM")
    return told
