"""What failed of ours is told once for each cause, below everything else that pytest lists, but in full if asked."""

import json

import pytest

from bitsec_eval.core.errors import SandboxError
from bitsec_eval.plugin.reporting.junit_properties import RUN
from bitsec_eval.plugin.reporting.void_summary import VoidSummary, asks_for_each

GONE = "could not create a container: no such file; is the Docker engine running?"
REFUSED = f"not tried, since 6 attempts in a row failed: {GONE}"


class Reporter:
    """The part of pytest's terminal reporter that is read."""

    def __init__(self, errors: list[pytest.TestReport]) -> None:
        self.stats = {"error": errors}


def failed(check: str, message: str) -> pytest.TestReport:
    try:
        raise SandboxError(message)
    except SandboxError:
        shown = pytest.ExceptionInfo.from_current().getrepr()
    return pytest.TestReport(check, ("t.py", 1, check), {}, "failed", shown, "setup")


def ended(check: str, agent: str) -> pytest.TestReport:
    run = json.dumps({"agent": agent, "task": "suite/t", "repeat": 0})
    return pytest.TestReport(check, ("t.py", 1, check), {}, "passed", None, "teardown", user_properties=[(RUN, run)])


def noted(*arguments: str, checks: list[tuple[str, str]]) -> tuple[VoidSummary, Reporter]:
    """Return what was noted of checks, each given as its agent and what failed."""
    voids, errors = VoidSummary(arguments), []
    for number, (agent, message) in enumerate(checks):
        errors.append(failed(f"t.py::test_{number}[{agent}]", message))
        voids.pytest_runtest_logreport(errors[-1])
        voids.pytest_runtest_logreport(ended(errors[-1].nodeid, agent))
    errors.append(failed("other.py::test_no_check_of_an_agent", "another fault"))
    voids.pytest_runtest_logreport(errors[-1])
    return voids, Reporter(errors)


def listed(voids: VoidSummary, reporter: Reporter) -> list[str]:
    with voids.folded(reporter):
        return [report.nodeid for report in reporter.stats["error"]]


MANY = [("a", REFUSED), ("a", GONE), ("b", REFUSED), ("b", "out of disk"), ("c", REFUSED)]


def test_one_check_stands_for_all_of_its_cause_and_the_one_that_says_it_plainly():
    voids, reporter = noted("-q", checks=MANY)

    assert listed(voids, reporter) == ["t.py::test_1[a]", "t.py::test_3[b]", "other.py::test_no_check_of_an_agent"]
    assert len(reporter.stats["error"]) == 6  # what pytest counts stays


@pytest.mark.parametrize("asked", ["-rE", "-ra", "-vrA", "--tb=short", "--tb"])
def test_whoever_asks_for_each_gets_each(asked: str):
    voids, reporter = noted("--bitsec-agents=agents", asked, checks=MANY)

    assert len(listed(voids, reporter)) == 6


@pytest.mark.parametrize("unasked", ["-q", "-n", "--tb=no", "--reuse-db", "--bitsec-resume", "task_suites/for"])
def test_other_options_ask_for_nothing(unasked: str):
    assert not asks_for_each([unasked])


def test_causes_are_counted_in_runs_and_those_of_most_runs_come_first():
    voids, _ = noted(checks=MANY)

    assert voids.causes() == [f"void: 3 runs (4 checks): {GONE}", "void: 1 run (1 check): out of disk"]
    assert "--bitsec-rerun=void" in voids.remedies()[0]


def test_many_causes_take_few_lines():
    voids, _ = noted(checks=[("a", f"cause {number}") for number in range(9)])

    assert voids.causes()[-1] == "void: and 4 other causes"
    assert len(voids.causes()) == 6


def test_where_nothing_is_void_nothing_is_said():
    voids, reporter = noted(checks=[])

    assert (voids.causes(), voids.remedies(), len(listed(voids, reporter))) == ([], [], 1)
