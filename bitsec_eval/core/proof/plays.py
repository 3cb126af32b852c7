"""Parts of a verdict, each played on a new chain: honest use of a project, and an attack on it.

A part of the task's own is played in Python once: where every step of it comes to what it came to then, so does it.
"""

from collections.abc import Sequence
from typing import Any

from bitsec_eval.core.errors import AnswerFault
from bitsec_eval.core.proof.accounts import Reverted
from bitsec_eval.core.proof.build import Artifact, Build
from bitsec_eval.core.proof.calls import Transaction, send
from bitsec_eval.core.proof.case import OWN_ATTACK, USE, WALLET_ATTACK, ProofCase, Recording
from bitsec_eval.core.proof.chain import Chain
from bitsec_eval.core.proof.contract import Contract
from bitsec_eval.core.proof.exploit_handle import ExploitHandle
from bitsec_eval.core.proof.machine import Machine
from bitsec_eval.core.proof.public import Public
from bitsec_eval.core.proof.replay import Replay, run_all
from bitsec_eval.core.proof.scenario import Scenario
from bitsec_eval.core.proof.verdict import Attack, CallTold

Outcomes = Sequence[Any]


def run_again(case: ProofCase, machine: Machine, *parts: str) -> dict[str, Outcomes]:
    """Run parts that are known on the faulty project at once; return their outcomes, none if one is not known yet."""
    recordings = [case.recorded(part, case.faulty) for part in parts]
    known = [recording for recording in recordings if recording is not None]
    if len(known) < len(parts):
        return {}
    outcomes = run_all(machine, [step for recording in known for step in recording.steps])
    found: dict[str, Outcomes] = {}
    place = 0
    for part, recording in zip(parts, known, strict=True):
        found[part] = outcomes[place : place + len(recording.steps)]
        place += len(recording.steps)
    return found


def use(case: ProofCase, machine: Machine, build: Build, outcomes: Outcomes | None = None) -> None:
    """Use a project as honest people do; whatever is not as it should be is raised."""
    recording = case.recorded(USE, build)
    if recording is None or recording.outcomes != outcomes:
        used(case, machine, build, outcomes)


def used(case: ProofCase, machine: Machine, build: Build, outcomes: Outcomes | None = None) -> Scenario:
    """Do the same and return the scenario that did it."""
    replay = Replay(machine, case.expected(USE, build), outcomes)
    scenario = _deployed(case, replay, build)
    scenario.use()
    case.record(USE, build, Recording(replay.done, replay.came))
    return scenario


def own_attack(
    case: ProofCase, machine: Machine, build: Build, outcomes: Outcomes | None = None, part: str = OWN_ATTACK
) -> Attack:
    """Attack a project with the task's own exploit; `part` says whether from a wallet."""
    recording = case.recorded(part, build)
    if recording is not None and recording.attack is not None and recording.outcomes == outcomes:
        return recording.attack
    replay = Replay(machine, case.expected(part, build), outcomes)
    attack = _attack(case, replay, build, case.exploit, from_wallet=part == WALLET_ATTACK)
    case.record(part, build, Recording(replay.done, replay.came, attack))
    return attack


def attack(
    case: ProofCase, machine: Machine, build: Build, exploit: Artifact, transactions: Sequence[Transaction]
) -> Attack:
    """Attack a project with an answer's exploit.

    Raises:
        AnswerFault: it cannot be deployed, or its transactions cannot be sent.
    """
    expected = case.expected_of(exploit, build, calls=bool(transactions))
    return _attack(case, Replay(machine, expected), build, exploit, transactions)


def _attack(
    case: ProofCase,
    replay: Replay,
    build: Build,
    exploit: Artifact,
    transactions: Sequence[Transaction] = (),
    *,
    from_wallet: bool = False,
) -> Attack:
    is_own = exploit is case.exploit
    scenario = _deployed(case, replay, build)
    before = scenario.stolen()
    handle, contract = _armed(case, scenario, exploit, from_wallet=from_wallet)
    sent = send(transactions, scenario, contract)
    trouble = _let_go(scenario, handle)
    return Attack(
        who=f"the task's own exploit{', from a wallet' if from_wallet else ''}" if is_own else "the answer",
        project=case.called(build),
        gain=scenario.stolen() - before,
        least=scenario.least,
        dust=scenario.dust,
        reached=is_own and handle.reached(),  # the last step, which an answer's attack does not have
        calls=tuple(CallTold.of(name, outcome) for name, outcome in [*sent, *handle.outcomes]),
        trouble=trouble,
    )


def _armed(
    case: ProofCase, scenario: Scenario, exploit: Artifact, *, from_wallet: bool
) -> tuple[ExploitHandle, Contract]:
    try:
        contract = scenario.chain.deploy_artifact(exploit, sender=scenario.attacker)
    except Reverted as undone:
        raise AnswerFault(str(undone), Public.NOT_DEPLOYED) from None
    if from_wallet:
        contract = _wallet_with(contract, scenario)
    scenario.accomplices.append(contract)
    return ExploitHandle(contract, case.exploit, scenario.attacker), contract


def _wallet_with(module: Contract, scenario: Scenario) -> Contract:
    wallet = scenario.chain.deploy_artifact(scenario.chain.artifact("Wallet"), sender=scenario.attacker)
    wallet.takeOn(module, sender=scenario.attacker)
    return wallet


def _let_go(scenario: Scenario, handle: ExploitHandle) -> str:
    """Let the attack go and return what ended it early: one in whose course something honest is undone ends there."""
    try:
        scenario.attack(handle)
    except Reverted as undone:
        return str(undone)
    return ""


def _deployed(case: ProofCase, replay: Replay, build: Build) -> Scenario:
    scenario = case.scenario(Chain(replay, build, case.seed, case.names))
    scenario.deploy()
    return scenario
