"""A finding that brings its proof: pocs that work on the faulty project and not on its twin, and every other sort."""

import json
from collections.abc import Iterator

import pytest

from bitsec_eval import AUDIT_PROMPT
from bitsec_eval.core.errors import SandboxError
from bitsec_eval.core.proof.judge import check_case
from bitsec_eval.core.proof.prompts import POC_PROMPT
from bitsec_eval.core.proof.public import Public
from bitsec_eval.core.reports.report import parse_report
from bitsec_eval.core.tasks.renaming import identifiers
from bitsec_eval.plugin.proof.pocs import run_pocs
from bitsec_eval.sandbox.api import Sandbox
from bitsec_eval.sandbox.evm.places import EvmSandboxes
from tests.task_suites.proof.test_sample_agents import printed
from tests.task_suites.scabench.poc_cases import CASES, PocCase, doing

SEEDS = (1, 2, 5, 11)


@pytest.fixture(scope="module")
def places(evm_engine: Sandbox) -> Iterator[EvmSandboxes]:
    """Compilers and EVMs on one engine."""
    opened = EvmSandboxes(evm_engine)
    yield opened
    opened.close()


@pytest.fixture(params=CASES)
def case(request) -> PocCase:
    """Every findings task that takes a poc."""
    return PocCase(request.param, 11)


def results(places, case, *pocs):
    """Return what comes of a report whose findings bring these pocs."""
    text = json.dumps({"findings": [{"title": "Something", "poc": poc} for poc in pocs]})
    return run_pocs(case.files, places, "agent", parse_report(text))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", CASES)
def test_the_controls_tell_right_from_wrong_whatever_is_drawn(places, name, seed):
    case = PocCase(name, seed).files.case(places)

    places.run("agent", lambda machine: check_case(case, machine))


def test_a_poc_that_works_is_told_with_its_calls_and_gains(places, case):
    (result,) = results(places, case, case.reference)

    assert result.works
    own, faulty, twin = result.attacks
    assert [attack.project for attack in result.attacks] == ["faulty project", "faulty project", "mended twin"]
    assert own.gain == faulty.gain >= faulty.least > 0 >= twin.gain
    assert [(call.name, call.result) for call in faulty.calls] == [("attack", "went through")] * 3
    assert all(call.gas > 21_000 for call in faulty.calls)


@pytest.mark.parametrize(
    ("poc", "reason"),
    [
        ("contract Exploit {", Public.NOT_COMPILED),
        ("", ""),
        ("pragma solidity ^0.8.20; contract Other {}", Public.NO_CONTRACT),
        ("pragma solidity 0.8.1; contract Exploit {}", Public.PRAGMA),
        ("pragma solidity ^0.8.20; import 'scenario/Poc.sol'; contract Exploit {}", Public.IMPORT),
        ("pragma solidity ^0.8.20; contract Exploit {}", "gained 0 of at least"),
        (doing("", "constructor() { revert(); }"), "deploying Exploit: reverted"),
        (doing("revert('no luck');"), "reverted with 'no luck'"),
        (doing("while (true) {}"), "gained 0 of at least"),
        (doing("Token(t[0]).transferFrom(u[0], address(this), 1);"), "gained 0 of at least"),
        (doing("", "function balanceOf(address) external pure returns (uint256) { return 2**200; }"), "gained 0 of"),
    ],
)
def test_a_poc_that_does_not_work_says_why(places, case, poc, reason):
    (result,) = results(places, case, poc) or [None]

    assert (result is None) == (poc == "")
    assert result is None or (not result.works and reason in result.reason)


def test_what_revert_reasons_say_is_kept_call_by_call(places, case):
    (result,) = results(places, case, doing("require(false, 'not today');"))

    assert [call.result for call in result.attacks[1].calls] == ["reverted with 'not today'"] * 3


def test_pocs_are_run_up_to_the_first_that_works(places, case):
    found = results(places, case, "contract Exploit {", case.reference, case.reference)

    assert [(result.finding, result.works) for result in found] == [(0, False), (1, True)]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", CASES)
def test_careful_proves_what_it_reports_and_says_nothing_of_the_twin(places, tmp_path, name, seed):
    case = PocCase(name, seed)
    prompt = case.renaming.apply(case.task.task.prompt)
    told = printed("careful", prompt, case.files.project, tmp_path / "a")

    found = run_pocs(case.files, places, "careful", parse_report(told))

    assert [(result.finding, result.works) for result in found] == [(0, True)]
    assert "poc" not in printed("careful", AUDIT_PROMPT, case.files.project, tmp_path / "a")
    assert "Exploit" not in printed("careful", prompt, case.files.twin, tmp_path / "b")


class Gone:
    """An engine that opens no sandbox."""

    def open(self, limits):
        raise SandboxError("the engine is gone")


def test_what_fails_on_our_side_is_no_miss(case):
    places = EvmSandboxes(Gone())
    with pytest.raises(SandboxError, match="the engine is gone"):
        results(places, case, case.reference)
    places.close()


@pytest.mark.parametrize("name", CASES)
def test_a_task_tells_its_agent_nothing_but_what_every_such_task_tells(name):
    case = PocCase(name, 11)
    other = PocCase(next(each for each in CASES if each != name), 11)

    assert case.task.task.prompt == other.task.task.prompt
    assert case.task.task.prompt.endswith(POC_PROMPT)
    assert not identifiers(POC_PROMPT) & set(case.task.task.rename)
