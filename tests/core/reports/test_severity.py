"""A severity is read as platforms and tools mean it, and a remark is never taken for something grave."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bitsec_eval.core.reports.severity import SCORES, WORDS, Severity, severity_of, severity_of_score

SAID = {
    Severity.CRITICAL: """
        Critical | CRITICAL | critical severity | Critical Risk | crit | C-01 | C | [C-1] | C1 | (C) | P0 | Severe
        SEVERITY_CRITICAL | criticalSeverity | Severity.CRITICAL | Severity: Critical | 9.8/10 | CVSS 9.8 | CVSS: 9.0
        9.3 | CVSS v3.1 Base Score 9.1 | Impact: High, Likelihood: High | blocker | \U0001f534 Critical | **Critical**
        Critical (fixed) | Immunefi Critical | Sev-0 | S0 | P-0 | Priority 0 | Urgent | Catastrophic | Fatal
        CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H | CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H
        CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H (9.3) | AV:N/AC:L/Au:N/C:C/I:C/A:C
        """,
    Severity.HIGH: """
        high | High Risk | HIGH risk | H-01 | [H-3] | H | H1 | SEVERITY_HIGH | highSeverity | HighRisk | severity-high
        High severity | 3 (High Risk) | Critical/High | High/Critical | high or critical | major | P1 | error | ERROR
        7.5 (High) | 8.1 | CVSS:7.0 | High, not critical | high (disputed) | Impact: High, Likelihood: Medium
        impact medium / likelihood high | High (confidence: Medium) | Severity: High, Impact: High, Likelihood: Low
        Sev-1 | SEV 1 | S1 | sev_1 | P-1 | Priority: 1 | High (AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H)
        CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:H/A:N | AV:N/AC:L/Au:N/C:P/I:P/A:P
        Severity - HIGH | Impact: High | \U0001f7e0 HIGH
        """,
    Severity.MEDIUM: """
        Sev-2 | S2 | Priority 2 | warn | 5.3 (CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:L/A:N)
        medium | Med | M-02 | M | moderate | Medium Risk | 2 (Med Risk) | mediumSeverity | P2 | warning | MED-3 | 4.0
        Impact: High, Likelihood: Low | High Impact, Low Likelihood | impact=high likelihood=low | CVSS 5.4
        Impact: Medium; Likelihood: Medium | medium/high | High -> Medium | High to Medium
        Likelihood: High, Impact: Low
        """,
    Severity.LOW: """
        Sev-3 | S3 | AV:L/AC:H/Au:N/C:P/I:N/A:N
        low | Low severity | L-01 | L | [L-12] | minor | P3 | LOW_RISK | lowSeverity | Low Risk
        low/medium | CVSS 3.9
        0.1 | Impact: Low, Likelihood: Low | Impact: Medium, Likelihood: Low
        """,
    Severity.INFO: """
        Informational | info | INFO | Note | I-01 | Informative | Insight | Best Practices
        best-practice | Non-Critical
        Not critical | noncritical | NON_CRITICAL | nonCritical | NC | N-01 | NC-4 | non critical | QA
        not a critical
        isn't critical | Not high | QA (Quality Assurance) | QA-2 | gas | Gas | G-01 | GAS-3 | Gas Optimization | P4
        G (Gas Optimization) | optimization | Undetermined | code quality | nit | recommendation | suggestion | style
        no critical | Hardly critical | without high impact
        Sev-4 | SEV-5 | INF-01 | Q-01 | Hint | Advisory | Recommendations | Observation | Refactor | Typo
        CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N
        CVSS 0.0 | Impact: Informational, Likelihood: High
        """,
    Severity.UNSAID: """
        CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H | CVSS:3.1/AV:N/AC:L
        Severity: 3 | Severity 1 | S9 | its 1 way
        highest | unknown | ? | critical, high, medium, low or informational | high/low | Critical/Low
        TBD | overflow
        H/M/L | 5 | 1 | 11.5 | likelihood: high | confidence high | n/a | - | Low/Info/High | not
        """,
}
CASES = [
    (text.strip(), severity) for severity, texts in SAID.items() for text in re.split(r"[|\n]", texts) if text.strip()
]


@pytest.mark.parametrize(("text", "severity"), CASES, ids=[text for text, _ in CASES])
def test_a_severity_is_understood_as_it_is_written(text, severity):
    assert severity_of(text) is severity


@pytest.mark.parametrize("word", WORDS[Severity.INFO])
@pytest.mark.parametrize("form", ["{}", "{} issue", "[{}]", "Severity: {}", "severity_{}", "{}!"])
def test_a_remark_is_never_grave(word, form):
    for text in (form.format(word), form.format(word).upper(), form.format(word).title()):
        assert severity_of(text) is Severity.INFO


@pytest.mark.parametrize(
    ("score", "severity"),
    [
        (10, "critical"),
        (9, "critical"),
        (8.9, "high"),
        (7, "high"),
        (6.9, "medium"),
        (3.9, "low"),
        (0.1, "low"),
        (0, "info"),
    ],
)
def test_scores_have_the_ranks_of_cvss(score, severity):
    assert severity_of_score(score).value == severity


def test_grave_is_what_stops_an_audit():
    assert [severity for severity in Severity if severity.grave] == [Severity.CRITICAL, Severity.HIGH]


@given(st.text(alphabet="abcdefghilmnotruCHML-_/:. 0123456789", max_size=60))
def test_any_text_has_one_severity(text):
    assert severity_of(text) in Severity


def test_the_page_names_every_word_and_every_source():
    page = (Path(__file__).parents[3] / "docs/findings.md").read_text(encoding="utf-8")
    table = page.partition("## Severity levels")[2].partition("\n## ")[0]

    assert not [word for words in WORDS.values() for word in words if f"`{word}`" not in table]
    assert all(f"{least:g}" in table for least, _ in SCORES)
    assert len(set(re.findall(r"\]\(https://[^)]+\)", table))) >= 10
