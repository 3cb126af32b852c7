"""docs/findings.md tells the truth about limits, its example, and the points of the shipped cases."""

import re
import runpy
from pathlib import Path

import pytest

from bitsec_eval.core.matching.expected import ExpectedFinding
from bitsec_eval.core.matching.structured import MOST_FILES, MOST_FUNCTIONS, MOST_KINDS, StructuredMatcher
from bitsec_eval.core.matching.twins import Comparison
from bitsec_eval.core.reports.printed_json import MOST_DEPTH, MOST_DIGITS
from bitsec_eval.core.reports.report import MOST_FINDINGS, MOST_TEXT_BYTES, parse_report

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs" / "findings.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "words",
    [
        f"more than {MOST_FUNCTIONS} functions, {MOST_FILES} files or {MOST_KINDS} kinds",
        f"more than {MOST_KINDS} kinds of thing",
        f"a finding of at most {MOST_FUNCTIONS},",
        f"The first {MOST_FINDINGS} findings count",
        f"of each text the first {MOST_TEXT_BYTES >> 10} KiB",
        f"a number of more than {MOST_DIGITS} digits",
        f"more than {MOST_DEPTH} nested brackets",
    ],
)
def test_its_limits_are_those_of_the_code(words):
    assert words in TEXT


def test_its_example_is_a_report_and_matches():
    block = re.search(r"^```json\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    truth = ExpectedFinding(file="src/Desk.sol", function="collect", kinds=("access-control",))
    (decision,) = StructuredMatcher().match((truth,), parse_report(block[1]).findings)

    assert decision.verdict == "match"


def test_it_names_all_that_a_comparison_gives():
    assert re.findall(r"^\| `(\w+)` \|", TEXT, re.MULTILINE) == list(Comparison.__dataclass_fields__)


def test_its_points_are_those_the_suite_holds():
    held = runpy.run_path(str(ROOT / "tests/task_suites/scabench/test_scabench_suite.py"))["PARTLY_RIGHT"]
    told = [int(points) for points in re.findall(r"\| (\d+) \|$", TEXT, re.MULTILINE)]

    assert sorted({*told} - {0, 100}) == sorted(points for points, _ in held.values())
