"""Verdicts on exploits and patches, with the controls that make them: each try is on a new chain.

A control is run a moment before the answer on the same machine. What goes wrong with one is the task's or the
grader's fault and makes the run void; what goes wrong with the answer is the answer's and a value.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from bitsec_eval.core.answers.values import ValueFault
from bitsec_eval.core.errors import AnswerFault, BitsecError, SandboxError, TaskError
from bitsec_eval.core.proof.accounts import Reverted
from bitsec_eval.core.proof.build import Artifact, Build
from bitsec_eval.core.proof.calls import Transaction
from bitsec_eval.core.proof.case import OWN_ATTACK, USE, WALLET_ATTACK, ProofCase
from bitsec_eval.core.proof.machine import Machine
from bitsec_eval.core.proof.plays import Outcomes, attack, own_attack, run_again, use, used
from bitsec_eval.core.proof.public import Public
from bitsec_eval.core.proof.verdict import Attack, ExploitVerdict, PatchVerdict
from bitsec_eval.core.text import one_line


def check_case(case: ProofCase, machine: Machine) -> None:
    """Run the controls that say that a case can tell right from wrong.

    Raises:
        TaskError: the scenario does not stand, or its own exploit does not tell the two projects apart.
        SandboxError: the machine failed.
    """
    for build, which in ((case.faulty, "faulty project"), (case.twin, "mended twin")):
        with _ours(f"honest use of the {which}"):
            use(case, machine, build)
    _check_exploit(case, machine)
    _check_twin(case, machine)


def _check_twin(case: ProofCase, machine: Machine) -> None:
    with _ours("the task's own exploit on the mended twin"):
        found = own_attack(case, machine, case.twin)
    if found.gain > found.dust:
        raise TaskError(f"the task's own exploit gains {found.gain} on the mended twin too {found.story}")


def _controls(case: ProofCase, machine: Machine) -> Attack:
    """Run what comes before every answer: honest use of the faulty project, and the attack of the task's own exploit.

    Raises:
        TaskError, SandboxError: one failed.
    """
    with _ours("the controls on the faulty project"):
        outcomes = run_again(case, machine, USE, OWN_ATTACK)
    with _ours("honest use of the faulty project"):
        use(case, machine, case.faulty, outcomes.get(USE))
    return _check_exploit(case, machine, outcomes.get(OWN_ATTACK))


def _check_exploit(case: ProofCase, machine: Machine, outcomes: Outcomes | None = None) -> Attack:
    with _ours("the task's own exploit on the faulty project"):
        found = own_attack(case, machine, case.faulty, outcomes)
    if found.gain < found.least or not found.reached:
        words = f"gains {found.gain} of {found.least}" if found.reached else "does not reach its attack"
        raise TaskError(f"the task's own exploit {words} on the faulty project {found.story}")
    return found


def judge_exploit(
    case: ProofCase, machine: Machine, exploit: Artifact, transactions: Sequence[Transaction] = ()
) -> ExploitVerdict:
    """Return the verdict on an exploit; see `check_case` for what is checked first.

    Raises:
        AnswerFault: the exploit cannot be deployed, its transactions cannot be sent, or it brought the machine down.
        TaskError, SandboxError: a control failed.
    """
    own = _controls(case, machine)
    if case.recorded(OWN_ATTACK, case.twin) is None:
        _check_twin(case, machine)
    with _theirs(), _undone():
        faulty = attack(case, machine, case.faulty, exploit, transactions)
        twin = attack(case, machine, case.twin, exploit, transactions)
    least, dust = faulty.least, twin.dust
    public = Public.NO_GAIN if faulty.gain < least else Public.GAINS_ON_TWIN if twin.gain > dust else None
    reason = f"gained {faulty.gain} of at least {least}, and {twin.gain} on the mended twin {faulty.story}".strip()
    return ExploitVerdict(
        proven=public is None,
        gain=faulty.gain,
        twin_gain=twin.gain,
        least=least,
        reason=reason,
        public=public,
        attacks=(own, faulty, twin),
    )


def judge_patch(case: ProofCase, machine: Machine, patched: Build) -> PatchVerdict:
    """Return the verdict on a patched project.

    Raises:
        AnswerFault: it brought the machine down.
        TaskError, SandboxError: a control failed.
    """
    attacks = [_controls(case, machine)]
    parts = [OWN_ATTACK, *([WALLET_ATTACK] if _works_from_wallet(case, machine) else [])]
    trouble = _trouble(lambda: use(case, machine, patched))
    for part in parts:
        trouble = trouble or _trouble(lambda: attacks.append(own_attack(case, machine, patched, part=part)))  # noqa: B023
        if trouble:
            return _refused(Public.BREAKS_USE, trouble, attacks)
        last = attacks[-1]
        if last.gain > last.dust:
            return _refused(Public.STILL_ATTACKED, f"the attack gains {last.gain} {last.story}", attacks)
        if not last.reached:
            return _refused(Public.NOT_REACHED, last.story, attacks)
    reason = f"the attack gains {last.gain} {last.story}"
    return PatchVerdict(accepted=True, gain=last.gain, reason=reason, attacks=tuple(attacks))


def _works_from_wallet(case: ProofCase, machine: Machine) -> bool:
    """Return whether the task's own exploit works on the faulty project as the module of a wallet as well.

    A patch can turn the exploit away by its code, and mend nothing. It cannot tell such a wallet from an honest one.
    """
    with _ours("the task's own exploit, from a wallet"):
        outcomes = run_again(case, machine, WALLET_ATTACK)
        found = own_attack(case, machine, case.faulty, outcomes.get(WALLET_ATTACK), WALLET_ATTACK)
    return found.reached and found.gain >= found.least


def _refused(public: Public, story: str, attacks: Sequence[Attack]) -> PatchVerdict:
    gain = attacks[-1].gain if len(attacks) > 1 else 0
    return PatchVerdict(accepted=False, gain=gain, reason=f"{public}: {story}", public=public, attacks=tuple(attacks))


def _trouble(step: Callable[[], object]) -> str:
    """Do something with a patched project and return what went wrong with it, empty where nothing did."""
    try:
        with _theirs():
            step()
    except (AnswerFault, BitsecError):
        raise
    except Exception as error:  # noqa: BLE001 - the same went well a moment ago, without the patch
        return one_line(f"{type(error).__name__}: {error}", 400)
    return ""


@contextmanager
def _ours(doing: str) -> Iterator[None]:
    """Take what goes wrong in a control for what it is: a fault of the task, or of the machine."""
    try:
        yield
    except BitsecError:
        raise
    except (AnswerFault, ValueFault) as fault:
        if isinstance(fault, AnswerFault) and fault.public == Public.NOT_DEPLOYED:
            raise TaskError(f"{doing}: {fault}") from None
        raise SandboxError(f"the EVM failed at {doing}: {fault}") from fault
    except Exception as error:
        raise TaskError(f"{doing} fails: {one_line(f'{type(error).__name__}: {error}', 400)}") from error


@contextmanager
def _theirs() -> Iterator[None]:
    try:
        yield
    except ValueFault as fault:
        raise AnswerFault(f"the EVM's answer is {fault}", Public.EVM) from None


@contextmanager
def _undone() -> Iterator[None]:
    """Take a project that an exploit left unusable for what that is worth."""
    try:
        yield
    except Reverted as undone:
        raise AnswerFault(f"the project cannot be asked any more: {undone}", Public.NO_GAIN) from None


def unused_functions(case: ProofCase, machine: Machine) -> list[str]:
    """Return the functions of the mended project that change something and that honest use never calls.

    A patch could break them and nobody would know.
    """
    scenario = used(case, machine, case.twin)
    excused = {scenario.chain.renamed(name) for name in scenario.unused}
    deployed = {name for name, _ in scenario.chain.called}
    return sorted(
        f"{artifact.name}.{name}"
        for artifact in case.mended.artifacts.values()
        if artifact.name in deployed
        for name in _changing(artifact)
        if (artifact.name, name) not in scenario.chain.called and name not in excused
    )


def _changing(artifact: Artifact) -> list[str]:
    entries: list[Any] = [entry for entry in artifact.abi if entry.get("type") == "function"]
    return [str(entry["name"]) for entry in entries if entry.get("stateMutability") not in ("view", "pure")]
