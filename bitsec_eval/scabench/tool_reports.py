"""Reads reports of static analysers: slither (`--json`), aderyn (`-o report.json`) and SARIF 2.1.0.

Formats as published: github.com/crytic/slither/wiki/JSON-output, github.com/Cyfrin/aderyn (JSON report), and
docs.oasis-open.org/sarif/sarif/v2.1.0. A result is one finding, an aderyn issue with all its instances is one too.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from bitsec_eval.core.errors import AnswerFault
from bitsec_eval.core.reports.severity import severity_of_score

MOST_PLACES = 3  # of one finding: those named first

_SLITHER_NAMED = ("contract", "variable", "event", "struct", "enum")
_SLITHER_LABEL = re.compile(
    r"\[([^\]]+)\]\([^)]*#L\d"
)  # how its SARIF names places: [Till.pay(uint256).to](src/Till.sol#L9)
_PLACE = re.compile(r"([A-Za-z_$][\w$]*(?:\.[\w$]+)*)(?:\(.*)?\Z")
_EMPTY_SLITHER = "slither writes an empty SARIF file also where it could not compile; give what --json writes"
_ADERYN = re.compile(r"(critical|high|medium|low|nc)_issues\Z")
_SARIF_LEVELS = {"none": "informational"}  # error, warning and note are words of the severity table
_ADERYN_LEVELS = {"warning": "high", "note": "low"}  # its only two ratings


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


def doubt_about(value: object) -> str:
    """Return what a report without findings leaves open, nothing where it says that nothing was found."""
    if not (isinstance(value, Mapping) and _is_sarif(value)):
        return ""
    empty = [str(run["tool"]["driver"].get("name")).lower() for run in value["runs"] if not run.get("results")]
    return _EMPTY_SLITHER if "slither" in empty else ""


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
        functions = [_slither_place(each) for each in elements if each.get("type") == "function"]
        named = functions or [_slither_place(each) for each in elements if each.get("type") in _SLITHER_NAMED]
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


def _slither_place(element: Mapping[str, Any]) -> str:
    """Return what an element lies in: its contract and function, of which a parameter is no part of its own."""
    parent = (element.get("type_specific_fields") or {}).get("parent") or {}
    if parent.get("type") == "function":
        return _slither_place(parent)
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
        _refuse_failed(run)
        driver = run["tool"]["driver"]
        rules = driver.get("rules") or []
        by_id = {rule["id"]: rule for rule in rules}
        for result in run.get("results") or []:
            if result.get("kind", "fail") != "fail" or result.get("suppressions"):
                continue
            at = result.get("ruleIndex", -1)
            rule = by_id.get(result.get("ruleId")) or (rules[at] if 0 <= at < len(rules) else {})
            yield _sarif_finding(result, rule, str(driver.get("name", "")).lower())


def _refuse_failed(run: Mapping[str, Any]) -> None:
    failed = [each for each in run.get("invocations") or [] if each.get("executionSuccessful") is False]
    if failed and not run.get("results"):
        tool = run["tool"]["driver"].get("name")
        raise AnswerFault(f"the report is not a result: {tool} says that its run failed; run it again")


def _sarif_finding(result: Mapping[str, Any], rule: Mapping[str, Any], tool: str) -> Mapping[str, Any]:
    message = result["message"]
    text = str(message.get("text") or message.get("markdown") or "")
    about = (rule.get("shortDescription") or {}).get("text") or rule.get("name") or result.get("ruleId", "")
    locations = result.get("locations") or []
    physical = [
        each["physicalLocation"]["artifactLocation"]["uri"] for each in locations if "physicalLocation" in each
    ]
    logical = [place for each in locations for place in each.get("logicalLocations") or []]
    named = [str(each.get("fullyQualifiedName") or each.get("name") or "") for each in logical]
    return {
        "title": f"{about}: {text.partition(chr(10))[0]}"[:300] if about else text.partition(chr(10))[0],
        "description": "\n".join(filter(None, [text, (rule.get("fullDescription") or {}).get("text")])),
        "severity": _sarif_severity(result, rule, tool),
        "vulnerability_type": _sarif_type(str(result.get("ruleId") or rule.get("id") or ""), rule),
        "file": _first(physical),
        "location": _first(named) or (_slither_label(str(message.get("markdown", ""))) if tool == "slither" else ""),
    }


def _slither_label(markdown: str) -> str:
    """Return the function or contract that slither's message names first: its SARIF holds lines, and no names."""
    label = _SLITHER_LABEL.search(markdown)
    place = _PLACE.match(label.group(1)) if label else None
    return place.group(1) if place else ""


def _sarif_type(identifier: str, rule: Mapping[str, Any]) -> str:
    """Return a rule's name where its id only puts something before that, as slither does: 0-1-reentrancy-eth."""
    name = str(rule.get("name") or "")
    return name if name and identifier.endswith(f"-{name}") else identifier


def _sarif_severity(result: Mapping[str, Any], rule: Mapping[str, Any], tool: str) -> str:
    """Return the CVSS score's rank where one is given, else the level: of the result, of its rule, or "warning"."""
    for held in (result.get("properties") or {}, rule.get("properties") or {}):
        score = str(held.get("security-severity", ""))
        if re.fullmatch(r"\d{1,2}(?:\.\d+)?", score):
            return severity_of_score(float(score)).value
    level = result.get("level") or (rule.get("defaultConfiguration") or {}).get("level") or "warning"
    levels = _ADERYN_LEVELS if tool == "aderyn" else _SARIF_LEVELS
    return str(levels.get(level, level))


def _first(places: list[str]) -> str:
    return ", ".join(list(dict.fromkeys(filter(None, places)))[:MOST_PLACES])


_TOOLS = ((_is_slither, _slither), (_is_aderyn, _aderyn), (_is_sarif, _sarif))
