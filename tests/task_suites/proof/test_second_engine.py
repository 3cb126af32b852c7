"""Every shipped case gets the same verdicts from a second engine, whose transactions are those of a chain."""

import warnings
from collections.abc import Iterator

import pytest

from bitsec_eval.core.proof.answer import EXPLOIT_FILE, parse_patch
from bitsec_eval.core.proof.build import compiler_input, read_build
from bitsec_eval.core.proof.chain import Chain
from bitsec_eval.core.proof.judge import check_case, judge_exploit, judge_patch
from bitsec_eval.plugin.proof.case_files import solidity
from bitsec_eval.sandbox.evm.places import EvmSandboxes
from tests.task_suites.proof.proof_cases import CASES, Case
from tests.task_suites.scabench.poc_cases import CASES as POC_CASES
from tests.task_suites.scabench.poc_cases import PocCase

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from tests.task_suites.proof.second_engine import SecondEngine

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def places(evm_engine) -> Iterator[EvmSandboxes]:
    """Compilers and EVMs."""
    opened = EvmSandboxes(evm_engine)
    yield opened
    opened.close()


def on_both(places, judge):
    """Return what a judgement comes to on our engine and on the second."""
    return places.run("agent", judge), judge(SecondEngine())


TRANSIENT = """
pragma solidity ^0.8.20;

contract Transient {
    uint256 public seen;

    function bump() external {
        assembly {
            tstore(0, add(tload(0), 1))
            sstore(0, tload(0))
        }
    }
}
"""


def test_a_transaction_of_either_engine_ends_with_its_transient_storage(places):
    build = read_build(places.compile_task("0.8.30", compiler_input({"T.sol": TRANSIENT})))

    def seen(machine):
        chain = Chain(machine, build, "seed")
        sender = chain.account("sender")
        contract = chain.deploy("Transient", sender=sender)
        contract.bump(sender=sender)
        contract.bump(sender=sender)
        return contract.seen()

    assert on_both(places, seen) == (1, 1)


@pytest.mark.parametrize("name", CASES)
def test_the_controls_hold(places, name):
    check_case(Case(name, "exploit").files.case(places), SecondEngine())


@pytest.mark.parametrize("name", CASES)
def test_the_reference_exploit_gains_the_same(places, name):
    case = Case(name, "exploit")
    compiled = case.files.case(places)

    ours, other = on_both(places, lambda machine: judge_exploit(compiled, machine, compiled.exploit))

    assert ours.proven
    assert ours == other


@pytest.mark.parametrize("name", POC_CASES)
def test_the_reference_poc_of_a_findings_task_gains_the_same(places, name):
    compiled = PocCase(name, 11).files.case(places)

    ours, other = on_both(places, lambda machine: judge_exploit(compiled, machine, compiled.exploit))

    assert ours.proven
    assert ours == other


@pytest.mark.parametrize("name", CASES)
def test_an_exploit_that_proves_nothing_proves_nothing_there(places, name):
    case = Case(name, "exploit")
    compiled = case.files.case(places)
    sources = {**solidity(case.files.project), EXPLOIT_FILE: case.exploit("a;")}
    output = places.compile_answer("agent", case.files.version, compiler_input(sources, wanted=(EXPLOIT_FILE,)))
    idle = read_build(output).artifacts[EXPLOIT_FILE, "Exploit"]

    ours, other = on_both(places, lambda machine: judge_exploit(compiled, machine, idle))

    assert (ours.proven, ours.gain) == (other.proven, other.gain) == (False, 0)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("sort", ["reference", "gutting", "idle"])
def test_a_patch_gets_the_same_verdict(places, name, sort):
    case = Case(name, "patch")
    compiled = case.files.case(places)
    idle = case.patch(case.guarded("uint256 idle; idle;"))
    answer = {"reference": case.reference_patch, "gutting": case.gutting_patch, "idle": idle}[sort]
    patched = parse_patch(answer, case.files.project, case.files.editable)
    output = places.compile_answer("agent", case.files.version, compiler_input(solidity(patched)))
    build = case.files.with_code_of(compiled.faulty, read_build(output))

    ours, other = on_both(places, lambda machine: judge_patch(compiled, machine, build))

    assert (ours.accepted, ours.gain, ours.public) == (other.accepted, other.gain, other.public)
    assert ours.accepted is (sort == "reference")
