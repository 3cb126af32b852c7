"""Verdicts on exploits and patches, with the controls that make them: each try is on a new chain.

A control is run a moment before the answer on the same machine. What goes wrong with one is the task's or the
grader's fault and makes the run void; what goes wrong with the answer is the answer's and a value.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from bitsec_eval.core.answers.values import ValueFault
from bitsec_eval.core.errors import AnswerFault, BitsecError, SandboxError, TaskError
from bitsec_eval.core.proof.accounts import Reverted
from bitsec_eval.core.proof.build import Artifact, Build
from bitsec_eval.core.proof.calls import Transaction, send
from bitsec_eval.core.proof.chain import Chain
from bitsec_eval.core.proof.exploit_handle import ExploitHandle
from bitsec_eval.core.proof.machine import Machine
from bitsec_eval.core.proof.public import Public
from bitsec_eval.core.proof.replay import Replay, Step, recoded
from bitsec_eval.core.proof.scenario import Scenario
from bitsec_eval.core.proof.verdict import Attack, CallTold, ExploitVerdict, PatchVerdict
from bitsec_eval.core.text import one_line


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofCase:
    """A task's side of a verdict: both projects as built, its scenario and its own exploit, under the run's names.

    `twin` has the interface of the faulty project, whose functions are called on it too; `mended` is the twin's own.
    """

    scenario: type[Scenario]
    faulty: Build
    twin: Build
    mended: Build
    exploit: Artifact
    seed: str
    names: dict[str, str] = field(default_factory=dict)
    steps: dict[str, list[Step]] = field(default_factory=dict, repr=False, compare=False)
    """What was done last time in each part of a verdict; see `replay`."""

    def expected(self, part: str, build: Build) -> list[Step]:
        """Return the steps that this part of a verdict probably takes on a build."""
        which = "twin" if build is self.twin else "faulty"
        steps = self.steps.get(f"{part} {which}", [])
        return steps if build is self.faulty or build is self.twin else recoded(steps, self.faulty, build)

    def called(self, build: Build) -> str:
        """Return what one of the projects is called where a verdict is told."""
        return (
            "mended twin" if build is self.twin else "faulty project" if build is self.faulty else "patched project"
        )

    def note(self, part: str, build: Build, steps: list[Step]) -> None:
        """Keep the steps that this part took on one of the task's own builds."""
        if build is self.faulty or build is self.twin:
            self.steps[f"{part} {'twin' if build is self.twin else 'faulty'}"] = steps


def check_case(case: ProofCase, machine: Machine) -> None:
    """Run the controls that say that a case can tell right from wrong.

    Raises:
        TaskError: the scenario does not stand, or its own exploit does not tell the two projects apart.
        SandboxError: the machine failed.
    """
    for build, which in ((case.faulty, "faulty project"), (case.twin, "mended twin")):
        with _ours(f"honest use of the {which}"):
            _used(case, machine, build)
    _check_exploit(case, machine)
    with _ours("the task's own exploit on the mended twin"):
        attack = _attacked(case, machine, case.twin, case.exploit)
    if attack.gain > attack.dust:
        raise TaskError(f"the task's own exploit gains {attack.gain} on the mended twin too {attack.story}")


def _check_exploit(case: ProofCase, machine: Machine) -> Attack:
    with _ours("the task's own exploit on the faulty project"):
        attack = _attacked(case, machine, case.faulty, case.exploit)
    if attack.gain < attack.least or not attack.reached:
        words = f"gains {attack.gain} of {attack.least}" if attack.reached else "does not reach its attack"
        raise TaskError(f"the task's own exploit {words} on the faulty project {attack.story}")
    return attack


def judge_exploit(
    case: ProofCase, machine: Machine, exploit: Artifact, transactions: Sequence[Transaction] = ()
) -> ExploitVerdict:
    """Return the verdict on an exploit; see `check_case` for what is checked first.

    Raises:
        AnswerFault: the exploit cannot be deployed, its transactions cannot be sent, or it brought the machine down.
        TaskError, SandboxError: a control failed.
    """
    with _ours("honest use of the faulty project"):
        _used(case, machine, case.faulty)
    own = _check_exploit(case, machine)
    with _theirs(), _undone():
        faulty = _attacked(case, machine, case.faulty, exploit, transactions)
        twin = _attacked(case, machine, case.twin, exploit, transactions)
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
    with _ours("honest use of the faulty project"):
        _used(case, machine, case.faulty)
    attacks = [_check_exploit(case, machine)]
    trouble = _trouble(lambda: _used(case, machine, patched)) or _trouble(
        lambda: attacks.append(_attacked(case, machine, patched, case.exploit))
    )
    if trouble:
        return _refused(Public.BREAKS_USE, trouble, attacks)
    attack = attacks[-1]
    if attack.gain > attack.dust:
        return _refused(Public.STILL_ATTACKED, f"the attack gains {attack.gain} {attack.story}", attacks)
    if not attack.reached:
        return _refused(Public.NOT_REACHED, attack.story, attacks)
    reason = f"the attack gains {attack.gain} {attack.story}"
    return PatchVerdict(accepted=True, gain=attack.gain, reason=reason, attacks=tuple(attacks))


def _refused(public: Public, story: str, attacks: Sequence[Attack]) -> PatchVerdict:
    gain = attacks[1].gain if len(attacks) > 1 else 0
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


def _used(case: ProofCase, machine: Machine, build: Build) -> Scenario:
    with _played(case, machine, build, "use") as (scenario, _):
        scenario.use()
        return scenario


def _attacked(
    case: ProofCase, machine: Machine, build: Build, exploit: Artifact, transactions: Sequence[Transaction] = ()
) -> Attack:
    is_own = exploit is case.exploit
    with _played(case, machine, build, "own attack" if is_own else "deployment") as (scenario, replay):
        before = scenario.stolen()
        deployed = len(replay.done)
        try:
            contract = scenario.chain.deploy_artifact(exploit, sender=scenario.attacker)
        except Reverted as undone:
            raise AnswerFault(str(undone), Public.NOT_DEPLOYED) from None
        scenario.accomplices.append(contract)
        handle = ExploitHandle(contract, case.exploit, scenario.attacker)
        sent = send(transactions, scenario, contract)
        trouble = _let_go(scenario, handle)
        gain = scenario.stolen() - before
        reached = is_own and handle.reached()
        if not is_own:
            del replay.done[deployed:]  # what an answer does is no other answer's
        return Attack(
            who="the task's own exploit" if is_own else "the answer",
            project=case.called(build),
            gain=gain,
            least=scenario.least,
            dust=scenario.dust,
            reached=reached,
            calls=tuple(CallTold.of(name, outcome) for name, outcome in [*sent, *handle.outcomes]),
            trouble=trouble,
        )


def _let_go(scenario: Scenario, handle: ExploitHandle) -> str:
    """Let the attack go and return what ended it early: one in whose course something honest is undone ends there."""
    try:
        scenario.attack(handle)
    except Reverted as undone:
        return str(undone)
    return ""


@contextmanager
def _played(case: ProofCase, machine: Machine, build: Build, part: str) -> Iterator[tuple[Scenario, Replay]]:
    replay = Replay(machine, case.expected(part, build))
    scenario = case.scenario(Chain(replay, build, case.seed, case.names))
    scenario.deploy()
    yield scenario, replay
    case.note(part, build, replay.done)


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
    scenario = _used(case, machine, case.twin)
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
