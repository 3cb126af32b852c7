"""Three layouts of report files give one report; what is none of them is said."""

import json

import pytest

from bitsec_eval.core.errors import AnswerFault
from bitsec_eval.scabench.layouts import project_in, read_report
from tests.scabench.published import finding, report

AUDIT_AGENT = {
    "Issue": "Reentrancy in withdrawAll",
    "Severity": "High",
    "Description": "Ether is sent first.",
    "Contracts": ["src/Vault.sol", "src/Base.sol"],
    "Category": "Reentrancy",
}


def test_bitsec_and_scabench_layouts_are_read():
    assert read_report(report(finding(title="A"))).findings[0].title == "A"
    assert read_report(report(finding(title="B"), key="findings")).findings[0].title == "B"


@pytest.mark.parametrize("text", [json.dumps([AUDIT_AGENT]), json.dumps({"findings": [AUDIT_AGENT]})])
def test_the_auditagent_layout_is_read(text):
    (read,) = read_report(text).findings

    assert (read.title, read.severity, read.vulnerability_type) == ("Reentrancy in withdrawAll", "High", "Reentrancy")
    assert read.file == "src/Vault.sol, src/Base.sol"


def test_a_location_that_is_a_list_is_joined():
    assert read_report(report(finding(location=["f()", "g()"]))).findings[0].location == "f(), g()"


def test_findings_past_the_hundredth_are_not_considered():
    read = read_report(report(*[finding()] * 10_000))

    assert (len(read.findings), read.dropped) == (100, 9_900)


@pytest.mark.parametrize("text", ["", "no report", "3", "{}", '{"findings": 3}', "[3]", "[" * 100_000])
def test_what_is_no_report_is_said(text):
    with pytest.raises(AnswerFault, match="the report is not"):
        read_report(text)


def test_a_report_between_other_lines_is_found():
    assert len(read_report(f"thinking ...\n```json\n{report(finding())}\n```\n").findings) == 1


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('{"project": "demo", "findings": []}', "demo"),
        ('{"project_id": "demo"}', "demo"),
        ('{"project": 3}', ""),
        ("[]", ""),
        ("x", ""),
    ],
)
def test_the_project_a_report_names(text, name):
    assert project_in(text) == name
