"""Known steps are sent at once; a scenario that does something else gets the same outcomes as step by step."""

import pytest

from bitsec_eval.core.answers.values import ValueFault
from bitsec_eval.core.proof.build import Artifact, Build
from bitsec_eval.core.proof.replay import Replay, recoded

NEW, ONE, TWO, THREE = ["new", 0], ["add", 0, 1], ["add", 0, 2], ["add", 0, 3]


class Adding:
    """A machine whose chain is a sum, and which counts how often it was asked."""

    def __init__(self):
        self.sum = None
        self.asked = 0

    def run(self, steps):
        self.asked += 1
        return [self.step(*step) for step in steps]

    def step(self, name, _, amount=0):
        self.sum = 0 if name == "new" else self.sum + amount
        return self.sum


def played(machine, expected, steps):
    """Return the outcomes of steps that are asked for one by one."""
    replay = Replay(machine, expected)
    return [replay.run([step])[0] for step in steps], replay


def test_steps_that_were_expected_are_sent_at_once():
    machine = Adding()
    outcomes, replay = played(machine, [NEW, ONE, TWO], [NEW, ONE, TWO])

    assert outcomes == [0, 1, 3]
    assert machine.asked == 1
    assert replay.done == [NEW, ONE, TWO]


def test_what_comes_after_them_goes_on_where_they_ended():
    machine = Adding()

    assert played(machine, [NEW, ONE], [NEW, ONE, TWO, THREE])[0] == [0, 1, 3, 6]
    assert machine.asked == 3


@pytest.mark.parametrize("steps", [[NEW, THREE, ONE], [NEW, ONE, ONE], [NEW, ONE, THREE, TWO], [NEW, ONE]])
def test_another_course_has_the_outcomes_it_has_step_by_step(steps):
    machine, plain = Adding(), Adding()
    expected = [NEW, ONE, TWO, THREE]

    assert played(machine, expected, steps)[0] == played(plain, [], steps)[0]
    assert machine.sum == plain.sum or steps == expected[: len(steps)]


def test_another_beginning_asks_for_nothing_in_vain():
    machine = Adding()

    assert played(machine, [["new", 1], ONE], [NEW, ONE])[0] == [0, 1]
    assert machine.asked == 2


@pytest.mark.parametrize("steps", [[NEW, ONE], [NEW, ONE, TWO], [NEW, ONE, THREE], [NEW, TWO], [["new", 1], ONE]])
def test_outcomes_of_a_moment_ago_are_taken_and_the_chain_is_made_again_where_more_is_asked(steps):
    machine, plain = Adding(), Adding()
    outcomes = machine.run([NEW, ONE])
    machine.run([NEW, THREE])  # the machine has gone on to something else
    replay = Replay(machine, [NEW, ONE], outcomes)
    came = [replay.run([step])[0] for step in steps]

    assert came == replay.came == played(plain, [], steps)[0]
    assert (machine.asked == 2) == (steps == [NEW, ONE])


@pytest.mark.parametrize("told", [[], [0], {}, None, [0, 1, 2]])
def test_a_machine_that_leaves_outcomes_out_is_found_out(told):
    class Lying:
        def run(self, steps):
            return told

    with pytest.raises(ValueFault, match="no outcome of a step"):
        played(Lying(), [NEW, ONE], [NEW])


def built(**codes):
    return Build(
        {
            ("A.sol", name): Artifact(path="A.sol", name=name, abi=(), selectors={}, code=code)
            for name, code in codes.items()
        }
    )


def test_a_patched_contract_is_expected_to_be_deployed_where_the_old_one_was():
    old, new = built(A=b"aa", B=b"aabb", C=b"cc"), built(A=b"xyz", B=b"b", C=b"cc")
    steps = [["deploy", 0, "0x1", data, 0] for data in (b"aa-arguments", b"aabb", b"cc", b"dd")]

    assert [step[3] for step in recoded([*steps], old, new)] == [b"xyz-arguments", b"b", b"cc", b"dd"]
    assert recoded([["call", 0, "0x1", b"aa"]], old, new) == [["call", 0, "0x1", b"aa"]]
