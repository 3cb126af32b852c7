"""Base scores of CVSS vectors of the versions 2 and 3, by their specifications (first.org/cvss).

Version 4 has no formula but a table of 270 scores, so its vectors are recognised and say nothing by themselves.
"""

import math
import re
from collections.abc import Mapping

VECTOR = re.compile(r"(?:CVSS:[0-9.]+/)?\bAV:[A-Z](?:/[A-Z]{1,3}:[A-Z]{1,2})+(?![A-Za-z:])", re.IGNORECASE)

_IMPACT_3 = {"H": 0.56, "L": 0.22, "N": 0.0}
_WEIGHTS_3 = {
    "AV": {"N": 0.85, "A": 0.62, "L": 0.55, "P": 0.2},
    "AC": {"L": 0.77, "H": 0.44},
    "UI": {"N": 0.85, "R": 0.62},
}
_PRIVILEGES_3 = {"U": {"N": 0.85, "L": 0.62, "H": 0.27}, "C": {"N": 0.85, "L": 0.68, "H": 0.5}}
_IMPACT_2 = {"N": 0.0, "P": 0.275, "C": 0.66}
_WEIGHTS_2 = {
    "AV": {"L": 0.395, "A": 0.646, "N": 1.0},
    "AC": {"H": 0.35, "M": 0.61, "L": 0.71},
    "Au": {"M": 0.45, "S": 0.56, "N": 0.704},
}


def base_score(vector: str) -> float | None:
    """Return the base score of a vector, from 0 to 10; None where it is not whole, or of another version.

    >>> base_score("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"), base_score("AV:N/AC:L/Au:N/C:P/I:P/A:P")
    (9.8, 7.5)
    """
    parts = (part.split(":") for part in vector.split("/") if part.count(":") == 1)
    metrics = {"Au" if name.upper() == "AU" else name.upper(): value.upper() for name, value in parts}
    try:
        return _version_2(metrics) if "Au" in metrics else _version_3(metrics)
    except KeyError:
        return None


def _version_3(metrics: Mapping[str, str]) -> float:
    changed = metrics["S"] == "C"
    lacking = 1 - math.prod(1 - _IMPACT_3[metrics[name]] for name in "CIA")
    impact = 7.52 * (lacking - 0.029) - 3.25 * (lacking - 0.02) ** 15 if changed else 6.42 * lacking
    eased = math.prod(weights[metrics[name]] for name, weights in _WEIGHTS_3.items())
    exploitability = 8.22 * eased * _PRIVILEGES_3[metrics["S"]][metrics["PR"]]
    total = (impact + exploitability) * (1.08 if changed else 1)
    return _rounded_up(min(total, 10)) if impact > 0 else 0.0


def _rounded_up(score: float) -> float:
    """Return the score as CVSS 3.1 rounds it: up to a tenth, but for what only binary fractions add."""
    whole = round(score * 100_000)
    return whole / 100_000 if whole % 10_000 == 0 else (whole // 10_000 + 1) / 10


def _version_2(metrics: Mapping[str, str]) -> float:
    impact = 10.41 * (1 - math.prod(1 - _IMPACT_2[metrics[name]] for name in "CIA"))
    exploitability = 20 * math.prod(weights[metrics[name]] for name, weights in _WEIGHTS_2.items())
    return round((0.6 * impact + 0.4 * exploitability - 1.5) * (1.176 if impact else 0), 1)
