"""Reads reports of static analysers: slither (`--json`), aderyn (`-o report.json`) and SARIF 2.1.0.

Formats as published: github.com/crytic/slither/wiki/JSON-output, github.com/Cyfrin/aderyn (JSON report), and
docs.oasis-open.org/sarif/sarif/v2.1.0. A result is one finding, an aderyn issue with all its instances is one too.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from bitsec_eval.core.errors import AnswerFault
from bitsec_eval.core.severity import severity_of_score

MOST_PLACES = 3  # of one finding: those named first

_ADERYN = re.compile(r"(critical|high|medium|low|nc)_issues\Z")
_SARIF_LEVELS = {"none": "informational"}  # error, warning and note are words of the severity table


def findings_of_tool(value: object) -> list[Mapping[str, Any]] | None:
    """Return the findings of a tool's JSON under the names of an agent's report, None where it is no such tool's.

    Raises:
        AnswerFault: it is a tool's, and the tool says that it failed, or nothing of it can be read.
    """
    if not isinstance(value, Mapping):
        return None
    for recognised, read in _TOOLS:
        if recognised(value):
            return _read(value, read)
    return None


def _read(value: Mapping[str, Any], read: Any) -> list[Mapping[str, Any]]:
    try:
        return list(read(value))
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise AnswerFault(
            f"the report is not readable as what it looks like: {type(error).__name__} {error}"
        ) from None


# -- slither


def _is_slither(value: Mapping[str, Any]) -> bool:
    if value.get("success") is False and "issues" not in value:
        return True
    return "success" in value and isinstance(value.get("results"), Mapping)


def _slither(value: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if value["success"] is not True:
        raise AnswerFault(
            f"the report is not a result: slither failed ({str(value.get('error'))[:200]}); run it again"
        )
    for found in (value.get("results") or {}).get("detectors", []):
        elements = found.get("elements", [])
        if not elements and not found.get("description"):
            raise AnswerFault(
                f"the report is not whole: slither's {found.get('check')!r} has no description and no elements;"
                " give what slither --json writes"
            )
        functions = [_slither_function(each) for each in elements if each.get("type") == "function"]
        named = functions or [str(each["name"]) for each in elements if each.get("type") in ("contract", "variable")]
        files = [each["source_mapping"]["filename_relative"] for each in elements if each.get("source_mapping")]
        text = str(found.get("description", "")).strip()
        yield {
            "title": f"{found['check']}: {text.partition(chr(10))[0]}"[:300],
            "description": text,
            "severity": found.get("impact"),
            "vulnerability_type": found["check"],
            "file": _first(files),
            "location": _first(named),
            "confidence": None,
        }


def _slither_function(element: Mapping[str, Any]) -> str:
    parent = (element.get("type_specific_fields") or {}).get("parent") or {}
    return f"{parent['name']}.{element['name']}" if parent.get("type") == "contract" else str(element["name"])


# -- aderyn


def _is_aderyn(value: Mapping[str, Any]) -> bool:
    groups = [held for key, held in value.items() if _ADERYN.match(key)]
    return bool(groups) and all(isinstance(held, Mapping) and "issues" in held for held in groups)


def _aderyn(value: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for key, held in value.items():
        rating = _ADERYN.match(key)
        for issue in held["issues"] if rating else ():
            yield {
                "title": issue["title"],
                "description": issue.get("description", ""),
                "severity": rating.group(1) if rating else "",
                "vulnerability_type": issue.get("detector_name", ""),
                "file": _first([each["contract_path"] for each in issue.get("instances", [])]),
            }


# -- SARIF


def _is_sarif(value: Mapping[str, Any]) -> bool:
    runs = value.get("runs")
    return isinstance(runs, list) and all(isinstance(run, Mapping) and "tool" in run for run in runs)


def _sarif(value: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for run in value["runs"]:
        rules = run["tool"]["driver"].get("rules") or []
        by_id = {rule["id"]: rule for rule in rules}
        for result in run.get("results") or []:
            if result.get("kind", "fail") != "fail" or result.get("suppressions"):
                continue
            at = result.get("ruleIndex", -1)
            rule = by_id.get(result.get("ruleId")) or (rules[at] if 0 <= at < len(rules) else {})
            yield _sarif_finding(result, rule)


def _sarif_finding(result: Mapping[str, Any], rule: Mapping[str, Any]) -> Mapping[str, Any]:
    text = str(result["message"].get("text") or result["message"].get("markdown") or "")
    about = (rule.get("shortDescription") or {}).get("text") or rule.get("name") or result.get("ruleId", "")
    locations = result.get("locations") or []
    physical = [
        each["physicalLocation"]["artifactLocation"]["uri"] for each in locations if "physicalLocation" in each
    ]
    logical = [place for each in locations for place in each.get("logicalLocations") or []]
    return {
        "title": f"{about}: {text.partition(chr(10))[0]}"[:300] if about else text.partition(chr(10))[0],
        "description": "\n".join(filter(None, [text, (rule.get("fullDescription") or {}).get("text")])),
        "severity": _sarif_severity(result, rule),
        "vulnerability_type": str(result.get("ruleId") or rule.get("id") or ""),
        "file": _first(physical),
        "location": _first([str(each.get("fullyQualifiedName") or each.get("name") or "") for each in logical]),
    }


def _sarif_severity(result: Mapping[str, Any], rule: Mapping[str, Any]) -> str:
    """Return the CVSS score's rank where one is given, else the level: of the result, of its rule, or "warning"."""
    for held in (result.get("properties") or {}, rule.get("properties") or {}):
        score = str(held.get("security-severity", ""))
        if re.fullmatch(r"\d{1,2}(?:\.\d+)?", score):
            return severity_of_score(float(score)).value
    level = result.get("level") or (rule.get("defaultConfiguration") or {}).get("level") or "warning"
    return _SARIF_LEVELS.get(level, level)


def _first(places: list[str]) -> str:
    return ", ".join(list(dict.fromkeys(filter(None, places)))[:MOST_PLACES])


_TOOLS = ((_is_slither, _slither), (_is_aderyn, _aderyn), (_is_sarif, _sarif))
