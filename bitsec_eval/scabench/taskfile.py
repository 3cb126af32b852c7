"""The text of an imported task: a test file with a check for each expected finding that is more than a remark."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bitsec_eval.core.reports.severity import Severity, severity_of
from bitsec_eval.core.text import one_line
from bitsec_eval.scabench.project import Project, Vulnerability
from bitsec_eval.scabench.scoring import weight

AGENT_SECONDS = 600

_HEAD = '''\
"""{title}, as published in ScaBench ({id}).

Written by `bitsec-eval scabench import`; {beside} says from what.
"""

import os
from pathlib import Path

import pytest

from bitsec_eval import AUDIT_PROMPT, Task
from bitsec_eval.judge import matcher_from
from bitsec_eval.scabench.case import Case

TASK = Task(prompt=AUDIT_PROMPT, workspace="{slug}/workspace", timeout={seconds}, memory_mib=512)

EXPECTED_FINDINGS = Case(folder=Path(__file__).parent / "{slug}", matcher=matcher_from(os.environ))
'''

_CHECK = """

{mark}def test_finds_{name}(report):
    answer = EXPECTED_FINDINGS.finds("{name}", report)

    assert answer, answer.reason
"""

_GRAVE = """

def test_finds_all_that_is_grave(report):
    answer = EXPECTED_FINDINGS.passes(report)

    assert answer, answer.reason
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedCheck:
    """An expected finding and the name its check goes by."""

    name: str
    vulnerability: Vulnerability

    @property
    def severity(self) -> Severity:
        """How grave the dataset calls it."""
        return severity_of(self.vulnerability.finding.severity)


def slug_of(project: Project) -> str:
    """Return a project's name as files are called.

    >>> slug_of(Project(id="sherlock_20240913---final---x_2024_09"))
    'sherlock_20240913_final_x_2024_09'
    """
    return re.sub(r"[^a-z0-9]+", "_", project.id.lower()).strip("_")


def checked(project: Project) -> tuple[NamedCheck, ...]:
    """Return the expected findings under short names that hint at nothing, such as "h_01"."""
    tails = [_tail(vulnerability) for vulnerability in project.vulnerabilities]
    twice = {tail for tail, count in Counter(tails).items() if count > 1}
    return tuple(
        NamedCheck(name=f"finding_{at + 1}" if tail in twice else tail, vulnerability=vulnerability)
        for at, (tail, vulnerability) in enumerate(zip(tails, project.vulnerabilities, strict=True))
    )


def _tail(vulnerability: Vulnerability) -> str:
    found = re.search(r"([A-Za-z]{1,2})-?(\d{1,3})\s*\Z", vulnerability.id)
    return f"{found.group(1).lower()}_{found.group(2)}" if found else "finding"


def task_text(project: Project, findings: Sequence[NamedCheck], seconds: int = AGENT_SECONDS) -> str:
    """Return the source of the task's test file."""
    slug = slug_of(project)
    title = one_line(project.name or project.id, 100).replace("\\", "/").replace('"', "'")
    head = _HEAD.format(
        title=title.rstrip("."), id=project.id, slug=slug, seconds=seconds, beside=f"{slug}/expected.json"
    )
    checks = [_check(each) for each in findings if each.severity is not Severity.INFO]
    last = _GRAVE if any(each.severity.grave for each in findings) else ""
    text = "".join([head, *checks, last])
    return text if "@pytest" in text else text.replace("import pytest\n\n", "")


def _check(finding: NamedCheck) -> str:
    weighs = weight(finding.severity)
    mark = f"@pytest.mark.weight({weighs})\n" if weighs != 1 else ""
    return _CHECK.format(mark=mark, name=finding.name)
