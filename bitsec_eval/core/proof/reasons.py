"""Why a transaction was undone, in words for the validator."""

from bitsec_eval.core.answers.values import ValueFault
from bitsec_eval.core.proof import abi
from bitsec_eval.core.proof.machine import CallOutcome
from bitsec_eval.core.text import one_line

_ERROR, _PANIC = bytes.fromhex("08c379a0"), bytes.fromhex("4e487b71")


def words_of(outcome: CallOutcome) -> str:
    """Return why a transaction was undone, for the validator to read."""
    kind, rest = outcome.output[:4], outcome.output[4:]
    try:
        if kind == _ERROR:
            return f"reverted with {one_line(abi.decode([{'type': 'string'}], rest)[0], 200)!r}"
        if kind == _PANIC:
            return f"panicked with code {abi.decode([{'type': 'uint256'}], rest)[0]:#x}"
    except ValueFault:
        return outcome.reason
    return f"{outcome.reason} {outcome.output[:4].hex()}".strip()
