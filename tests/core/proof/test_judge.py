"""A control that fails is the task's fault or the grader's, never the answer's."""

from dataclasses import replace

import pytest

from bitsec_eval.core.errors import AnswerFault, SandboxError, TaskError
from bitsec_eval.core.proof.build import Artifact, Build
from bitsec_eval.core.proof.case import OWN_ATTACK, USE, ProofCase, Recording
from bitsec_eval.core.proof.judge import judge_exploit, judge_patch
from bitsec_eval.core.proof.plays import run_again, use
from bitsec_eval.core.proof.public import Public
from bitsec_eval.core.proof.scenario import Scenario

EXPLOIT = Artifact(path="scenario/Exploit.sol", name="Exploit", abi=(), selectors={}, code=b"\0")


class Willing:
    """A machine on which every step succeeds and nothing happens."""

    def run(self, steps):
        return [7 for _ in steps]


class Dead:
    """A machine that something has taken down."""

    def run(self, steps):
        raise AnswerFault("the EVM's process ended", Public.EVM)


class Lying:
    """A machine that answers what no machine of ours does."""

    def run(self, steps):
        return ["nonsense" for _ in steps]


class Fine(Scenario):
    """Nothing is deployed, and nothing goes wrong."""

    def deploy(self):
        pass

    def use(self):
        self.chain.balance(self.attacker)

    def stolen(self):
        return 0


class Falling(Fine):
    """Honest use fails on every project."""

    def use(self):
        assert self.chain.block < 0, "no such block"


def case(scenario):
    return ProofCase(scenario=scenario, faulty=Build(), twin=Build(), mended=Build(), exploit=EXPLOIT, seed="s")


@pytest.mark.parametrize("machine", [Dead(), Lying()])
def test_a_machine_that_fails_at_a_control_makes_the_run_void(machine):
    for judge in (
        lambda: judge_exploit(case(Fine), machine, EXPLOIT),
        lambda: judge_patch(case(Fine), machine, Build()),
    ):
        with pytest.raises(SandboxError, match="the EVM failed at honest use of the faulty project"):
            judge()


def test_a_scenario_that_does_not_stand_is_the_tasks_fault():
    with pytest.raises(TaskError, match="honest use of the faulty project fails: AssertionError: no such block"):
        judge_exploit(case(Falling), Willing(), EXPLOIT)
    with pytest.raises(TaskError, match="honest use of the faulty project fails"):
        judge_patch(case(Falling), Willing(), Build())


class Counting(Fine):
    """Honest use that counts how often it is played in Python."""

    played = 0

    def use(self):
        type(self).played += 1
        assert self.chain.balance(self.attacker) == 7


class Changing(Willing):
    """A machine whose answers are others from some time on."""

    number = 7

    def run(self, steps):
        return [self.number for _ in steps]


def test_a_control_whose_every_step_comes_to_what_it_came_to_is_not_played_again_and_any_other_is():
    known, machine = case(Counting), Changing()
    Counting.played = 0

    def control():
        use(known, machine, known.faulty, run_again(known, machine, USE).get(USE))

    control()
    control()
    assert Counting.played == 1

    machine.number = 8
    with pytest.raises(AssertionError):
        control()


def test_outcomes_are_divided_among_the_parts_they_belong_to():
    known = case(Fine)
    known.record(USE, known.faulty, Recording([["new", 0], ["a", 0]], [1, 2]))
    assert run_again(known, Willing(), USE, OWN_ATTACK) == {}

    known.record(OWN_ATTACK, known.faulty, Recording([["b", 0]], [3]))
    assert run_again(known, Willing(), USE, OWN_ATTACK) == {USE: [7, 7], OWN_ATTACK: [7]}


def test_the_steps_of_an_answer_are_those_of_the_tasks_own_exploit_with_other_code():
    known, answer = case(Fine), replace(EXPLOIT, code=b"\1")
    deployed = ["deploy", 0, "0x1", b"\0", 0, 9]
    known.record(OWN_ATTACK, known.faulty, Recording([["new", 0], deployed, ["call", 0], ["view", 0]], [1, 1, 1, 1]))
    other = ["deploy", 0, "0x1", b"\1", 0, 9]

    assert known.expected_of(answer, known.faulty, calls=False) == [["new", 0], other, ["call", 0]]
    assert known.expected_of(answer, known.faulty, calls=True) == [["new", 0], other]
    assert case(Fine).expected_of(answer, known.faulty, calls=False) == []
