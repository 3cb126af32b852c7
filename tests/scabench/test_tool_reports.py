"""What slither, aderyn and SARIF tools write is read as findings, and what AuditAgent's scorer wrote down too."""

import json

import pytest

from bitsec_eval.core.errors import AnswerFault
from bitsec_eval.core.reports.finding import Finding
from bitsec_eval.core.reports.severity import severity_of
from bitsec_eval.scabench.layouts import read_report

SLITHER = {
    "success": True,
    "error": None,
    "results": {
        "detectors": [
            {
                "check": "reentrancy-eth",
                "impact": "High",
                "confidence": "Medium",
                "description": "Reentrancy in Till.cashOut() (src/Till.sol#9-12):\n\tExternal calls: call\n",
                "elements": [
                    {
                        "type": "function",
                        "name": "cashOut",
                        "source_mapping": {"filename_relative": "src/Till.sol", "lines": [9, 10]},
                        "type_specific_fields": {
                            "parent": {"type": "contract", "name": "Till"},
                            "signature": "cashOut()",
                        },
                    },
                    {
                        "type": "node",
                        "name": "msg.sender.call",
                        "source_mapping": {"filename_relative": "src/Till.sol"},
                    },
                ],
            },
            {"check": "solc-version", "impact": "Informational", "description": "Version ^0.8.0", "elements": []},
        ]
    },
}
ADERYN = {
    "files_summary": {"total_source_units": 1},
    "issue_count": {"high": 1, "low": 1},
    "high_issues": {
        "issues": [
            {
                "title": "Reentrancy: State change after external call",
                "description": "Changing state after an external call can lead to re-entrancy.",
                "detector_name": "reentrancy-state-change",
                "instances": [{"contract_path": "src/Till.sol", "line_no": 9}, {"contract_path": "src/Till.sol"}],
            }
        ]
    },
    "low_issues": {
        "issues": [{"title": "Unspecific pragma", "description": "", "detector_name": "p", "instances": []}]
    },
    "detectors_used": ["p"],
}
SARIF = {
    "version": "2.1.0",
    "runs": [
        {
            "tool": {
                "driver": {
                    "name": "x",
                    "rules": [
                        {
                            "id": "0-1-reentrancy",
                            "shortDescription": {"text": "Reentrancy"},
                            "properties": {"security-severity": "8.0"},
                        },
                        {"id": "style", "defaultConfiguration": {"level": "note"}},
                    ],
                }
            },
            "results": [
                {
                    "ruleId": "0-1-reentrancy",
                    "level": "warning",
                    "message": {"text": "cashOut pays before it books"},
                    "locations": [
                        {
                            "physicalLocation": {
                                "artifactLocation": {"uri": "src/Till.sol"},
                                "region": {"startLine": 9},
                            },
                            "logicalLocations": [{"fullyQualifiedName": "Till.cashOut", "kind": "function"}],
                        }
                    ],
                },
                {"ruleIndex": 1, "message": {"text": "long line"}},
                {"message": {"text": "no rule"}, "level": "error"},
                {"ruleId": "style", "message": {"text": "fine"}, "kind": "pass"},
                {"ruleId": "style", "message": {"text": "accepted"}, "suppressions": [{"kind": "inSource"}]},
            ],
        }
    ],
}


def read(value):
    return read_report(json.dumps(value)).findings


def test_slither_is_read():
    found, remark = read(SLITHER)

    assert (found.file, found.location, found.severity) == ("src/Till.sol", "Till.cashOut", "High")
    assert (found.vulnerability_type, found.title[:42]) == (
        "reentrancy-eth",
        "reentrancy-eth: Reentrancy in Till.cashOut",
    )
    assert severity_of(remark.severity) == "info"


def slither_element(kind, name, *parents):
    """Return an element as slither writes it, within `parents`, the nearest first."""
    fields = {"parent": slither_element(*parents[0], *parents[1:])} if parents else None
    return {
        "type": kind,
        "name": name,
        "source_mapping": {"filename_relative": "src/Till.sol", "lines": [57]},
        "type_specific_fields": fields,
    }


RUN, TILL = ("function", "run"), ("contract", "Till")


@pytest.mark.parametrize(
    ("element", "location"),
    [
        (slither_element("variable", "to", RUN, TILL), "Till.run"),
        (slither_element("variable", "total", TILL), "Till.total"),
        (slither_element("event", "Paid", TILL), "Till.Paid"),
        (slither_element("contract", "Till"), "Till"),
        (slither_element("function", "halve"), "halve"),
        (slither_element("node", "to.delegatecall(data)", RUN, TILL), ""),
        (slither_element("pragma", "^0.8.20"), ""),
    ],
)
def test_a_parameter_lies_in_its_function_and_a_state_variable_in_its_contract(element, location):
    detector = {"check": "missing-zero-check", "impact": "Low", "description": "x", "elements": [element]}
    (found,) = read({"success": True, "error": None, "results": {"detectors": [detector]}})

    assert (found.location, found.file) == (location, "src/Till.sol")


def slither_sarif(*results, rules=()):
    driver = {"name": "Slither", "version": "0.11.6", "rules": list(rules)}
    return {"version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": list(results)}]}


def slither_result(markdown):
    place = {"physicalLocation": {"artifactLocation": {"uri": "src/Till.sol"}, "region": {"startLine": 57}}}
    message = {"text": "told", "markdown": markdown}
    return {"ruleId": "2-1-missing-zero-check", "level": "warning", "message": message, "locations": [place]}


@pytest.mark.parametrize(
    ("markdown", "location"),
    [
        ("Reentrancy in [Till.cashOut()](src/Till.sol#L49-L55):\n\t- [Till.held](src/Till.sol#L30)", "Till.cashOut"),
        ("[Till.run(address,bytes).to](src/Till.sol#L57) lacks a zero-check on :", "Till.run"),
        ("[halve(uint256)](src/Till.sol#L71-L73) is never used", "halve"),
        ("[Till](src/Till.sol#L27-L69) should inherit", "Till"),
        ("Version constraint [^0.8.20](src/Till.sol#L2) contains", ""),
        ("see [the page](https://example.org/x)", ""),
    ],
)
def test_slithers_sarif_names_places_in_its_message_only(markdown, location):
    rule = {"id": "2-1-missing-zero-check", "name": "missing-zero-check", "properties": {"security-severity": "3.0"}}
    (found,) = read(slither_sarif(slither_result(markdown), rules=[rule]))

    assert (found.location, found.vulnerability_type, found.severity) == (location, "missing-zero-check", "low")


def test_an_empty_sarif_file_of_slithers_may_be_a_failure():
    note = "slither writes an empty SARIF file also where it could not compile; give what --json writes"

    assert read_report(json.dumps(slither_sarif())).notes == (note,)
    assert read_report(json.dumps(slither_sarif(slither_result("x")))).notes == ()


def test_sarif_of_a_run_that_says_it_failed_is_no_result():
    failed = {"tool": {"driver": {"name": "x"}}, "results": [], "invocations": [{"executionSuccessful": False}]}

    with pytest.raises(AnswerFault, match="x says that its run failed; run it again"):
        read({"version": "2.1.0", "runs": [failed]})


def test_aderyns_sarif_has_its_two_ratings_as_levels():
    results = [{"ruleId": "x", "level": level, "message": {"text": "told"}} for level in ("warning", "note")]
    found = read({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "Aderyn"}}, "results": results}]})

    assert [each.severity for each in found] == ["high", "low"]


def test_slither_that_found_nothing_is_an_empty_report():
    assert read({"success": True, "error": None, "results": {}}) == ()


def test_aderyn_is_read():
    found, low = read(ADERYN)

    assert found == Finding(
        title="Reentrancy: State change after external call",
        description="Changing state after an external call can lead to re-entrancy.",
        severity="high",
        vulnerability_type="reentrancy-state-change",
        file="src/Till.sol",
    )
    assert severity_of(low.severity) == "low"


def test_sarif_is_read():
    found, note, error = read(SARIF)

    assert (found.title, found.file) == ("Reentrancy: cashOut pays before it books", "src/Till.sol")
    assert (found.location, found.vulnerability_type, found.severity) == ("Till.cashOut", "0-1-reentrancy", "high")
    assert [severity_of(each.severity).value for each in (note, error)] == ["info", "high"]


def test_a_sarif_file_without_results_is_an_empty_report():
    assert read({"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "x"}}, "results": []}]}) == ()


def test_what_auditagents_scorer_wrote_down_is_what_was_reported():
    decisions = [
        {
            "is_match": index == 0, "is_fp": index > 1, "explanation": "because",
            "severity_from_junior_auditor": "High",
            "index_of_finding_from_junior_auditor": index, "finding_description_from_junior_auditor": text,
        }
        for index, text in ((0, "cashOut pays"), (-1, "NOT FOUND"), (2, "mint is open"), (0, "cashOut pays"))
    ]  # fmt: skip

    assert read(decisions) == (
        Finding(description="cashOut pays", severity="High"),
        Finding(description="mint is open", severity="High"),
    )  # fmt: skip


@pytest.mark.parametrize(
    "value",
    [
        {"version": "2.1.0", "runs": [{"tool": {}, "results": [{}]}]},
        {"version": "2.1.0", "runs": [{"tool": {"driver": {"rules": [3]}}}]},
        {"high_issues": {"issues": [{"instances": 3}]}},
        {"high_issues": {"issues": 3}},
        {"success": True, "results": {"detectors": [3]}},
        {"success": True, "results": {"detectors": [{"description": "x"}]}},
        {"success": False, "error": "no"},
    ],
)
def test_what_only_looks_like_a_tools_is_refused(value):
    with pytest.raises(AnswerFault, match="the report is not"):
        read(value)
