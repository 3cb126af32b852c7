"""A control that fails is the task's fault or the grader's, never the answer's."""

import pytest

from bitsec_eval.core.errors import AnswerFault, SandboxError, TaskError
from bitsec_eval.core.proof.build import Artifact, Build
from bitsec_eval.core.proof.case import ProofCase
from bitsec_eval.core.proof.judge import judge_exploit, judge_patch
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
