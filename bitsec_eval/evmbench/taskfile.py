"""The text of an imported audit's test files."""

import re

from bitsec_eval.core.proof.foundry import FoundryCase
from bitsec_eval.core.reports.severity import Severity, severity_of
from bitsec_eval.core.text import one_line
from bitsec_eval.evmbench.audit import Audit, AuditedFault
from bitsec_eval.scabench.case import expected_json
from bitsec_eval.scabench.scoring import weight

AGENT_SECONDS = 600
CHECK_SECONDS = 3600
"""A backstop: forge is held to less by its sandbox."""

_PATCH = '''\
"""EVMbench's audit {name}: mend its project, so that hidden tests no longer find its faults.

Written by `bitsec-eval evmbench import`; {slug}/audit.json says from what.
"""

from pathlib import Path

import pytest

from bitsec_eval import FOUNDRY_PATCH_PROMPT, Task
from bitsec_eval.evmbench.case import read_case

CASE = read_case(Path(__file__).parent / "{slug}")

TASK = Task(
    prompt=FOUNDRY_PATCH_PROMPT.format(count="{count}", editable="{editable}"),
    workspace="{slug}/workspace",
    timeout={seconds},
    memory_mib=512,
)

pytestmark = pytest.mark.timeout({check_seconds})
'''

_MENDED = """

def test_{name}_is_mended(forge):
    assert forge.mends(CASE, "{id}")
"""

_DETECT = '''\
"""EVMbench's audit {name}: find its faults.

Written by `bitsec-eval evmbench import`; {slug}/expected.json says from what.
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

_FOUND = """

@pytest.mark.weight({weight})
def test_finds_{name}(report):
    answer = EXPECTED_FINDINGS.finds("{name}", report)

    assert answer, answer.reason
"""


def slug_of(name: str) -> str:
    """Return a name as files and functions are called.

    >>> slug_of("2025-01-liquid-ron"), slug_of("H-01")
    ('2025_01_liquid_ron', 'h_01')
    """
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def patch_text(case: FoundryCase, slug: str) -> str:
    """Return the test file of a patch task: one check for each fault."""
    count = f"{len(case.hidden)} severe faults" if len(case.hidden) > 1 else "a severe fault"
    editable = ", ".join(case.editable).replace('"', "'")
    head = _PATCH.format(
        name=_quoted(case.name),
        slug=slug,
        count=count,
        editable=editable,
        seconds=AGENT_SECONDS,
        check_seconds=CHECK_SECONDS,
    )
    return head + "".join(_MENDED.format(name=slug_of(hidden.id), id=_quoted(hidden.id)) for hidden in case.hidden)


def detect_text(audit: Audit, slug: str) -> str:
    """Return the test file of a detect task: one check for each fault."""
    head = _DETECT.format(name=_quoted(audit.id), slug=slug, seconds=AGENT_SECONDS)
    checks = [_FOUND.format(name=slug_of(fault.id), weight=weight(_severity(fault))) for fault in audit.faults]
    return head + "".join(checks)


def expected_text(audit: Audit) -> str:
    """Return the text of expected.json for an audit's faults."""
    findings = [
        {
            "check": slug_of(fault.id),
            "id": fault.id,
            "severity": _severity(fault).value,
            "title": fault.title,
            "file": next(iter(fault.patches.values()), ""),
            "description": fault.told or fault.title,
        }
        for fault in audit.faults
    ]
    return expected_json(findings, audit=audit.id, pinned=audit.commit)


def _severity(fault: AuditedFault) -> Severity:
    """Return how grave a fault is: EVMbench's faults are all of high severity, which their ids begin with."""
    words = {"H": "high", "M": "medium", "L": "low"}
    return severity_of(words.get(fault.id[:1].upper(), "high"))


def _quoted(words: str) -> str:
    return one_line(words, 100).replace("\\", "/").replace('"', "'")
