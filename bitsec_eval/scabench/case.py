"""Checks of an imported task: which of the published findings a report is credited with.

The expected findings stand in `expected.json` beside the workspace, where no sandbox sees them.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from bitsec_eval.core.errors import InferenceError, TaskError
from bitsec_eval.core.matching import Matcher
from bitsec_eval.core.matching.comparison_sheet import ComparisonSheet
from bitsec_eval.core.matching.lexical import LexicalMatcher
from bitsec_eval.core.reports.finding import Finding
from bitsec_eval.core.reports.report import Report
from bitsec_eval.core.text import one_line
from bitsec_eval.scabench.scoring import Scored, score
from bitsec_eval.scabench.tables import sheet_of

EXPECTED_FILE = "expected.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """Whether a report is credited with a finding, and why; use it as a condition."""

    found: bool
    reason: str

    def __bool__(self) -> bool:
        return self.found


@dataclass(kw_only=True)
class Case:
    """One imported project: its expected findings by the name of their check, and the matcher that decides."""

    folder: Path
    matcher: Matcher[Finding] = field(default_factory=LexicalMatcher)
    _last: tuple[Report, Scored | InferenceError] | None = field(default=None, init=False, repr=False)

    def take_matcher(self, matcher: Matcher[Finding]) -> None:
        """Have `matcher` decide from now on; the evaluation says which (--bitsec-matcher)."""
        self.matcher = matcher
        self._last = None

    def finds(self, name: str, report: Report) -> Credit:
        """Say whether `report` is credited with the expected finding called `name`, such as "h_01".

        A finding counts when it is matched or partly matched; every ten false positives take back the least sure.

        Raises:
            TaskError: no expected finding is called so, or expected.json is unreadable.
            InferenceError: the matcher asks a judge and it cannot be reached.
        """
        names = list(self._expected)
        if name not in names:
            raise TaskError(f"{self.folder}: no expected finding {name!r}; there are {', '.join(names)}")
        scored, index = self._scored(report), names.index(name)
        decision = scored.decisions[index]
        if index in scored.credited:
            return Credit(found=True, reason=decision.reason)
        if decision.reported is None:
            return Credit(found=False, reason=decision.reason)
        false = scored.score.false_positives
        return Credit(found=False, reason=f"{decision.reason}; not credited beside {false} false positives")

    def passes(self, report: Report) -> Credit:
        """Say whether `report` is a PASS: every critical and high finding matched, and worth more than no report."""
        counted = self._scored(report).score
        grave = counted.grave
        told = (
            f"{grave.matched} of {grave.expected} grave findings matched, {counted.false_positives} false positives"
        )
        return Credit(found=counted.passed, reason=told)

    def sheet(self, report: Report) -> ComparisonSheet:
        """Return `report` beside the expected findings.

        Raises:
            InferenceError: the matcher asks a judge and it cannot be reached.
        """
        return sheet_of(list(self._expected.items()), report, self._scored(report))

    def _scored(self, report: Report) -> Scored:
        """Score a report, once for all checks of a run: a judge is not asked again, nor waited for again."""
        if self._last is None or self._last[0] != report:
            self._last = report, self._decided(report)
        if isinstance(self._last[1], InferenceError):
            raise self._last[1]
        return self._last[1]

    def _decided(self, report: Report) -> Scored | InferenceError:
        try:
            return score(list(self._expected.values()), report, self.matcher)
        except InferenceError as error:
            return error

    @cached_property
    def _expected(self) -> dict[str, Finding]:
        path = self.folder / EXPECTED_FILE
        try:
            value = json.loads(path.read_text(encoding="utf-8"))
            return {entry["check"]: _finding(entry) for entry in value["findings"]}
        except OSError as error:
            raise TaskError(f"{path}: cannot be read ({error.strerror}); import the project again") from None
        except (ValueError, KeyError, TypeError) as error:
            shown = one_line(repr(error), 80)
            raise TaskError(f"{path}: not what import writes ({shown}); import the project again") from None


def expected_json(findings: Sequence[Mapping[str, str]], **about: object) -> str:
    """Return the text of `expected.json` for `findings`, and what else is worth keeping about them."""
    return json.dumps({**about, "findings": list(findings)}, indent=1, ensure_ascii=False) + "\n"


def _finding(entry: Mapping[str, str]) -> Finding:
    return Finding(
        title=entry["title"], description=entry["description"], severity=entry["severity"], file=entry["file"]
    )
