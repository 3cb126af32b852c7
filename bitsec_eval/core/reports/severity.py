"""Parses severities, in the words of audit platforms and of tools.

`WORDS` is the one table of what they mean; docs/findings.md shows it with its sources. Platforms differ in what they
demand of a word and agree on its rank, and rank is all that is read here. What says nothing known, or too much at
once, is `UNSAID`, and a remark never becomes grave: of two neighbouring ranks the lesser counts.
"""

import re
from enum import StrEnum

from bitsec_eval.core.reports.cvss import VECTOR, base_score


class Severity(StrEnum):
    """How bad a finding is said to be, gravest first; `UNSAID` where nothing known was said."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"
    UNSAID = ""

    @property
    def grave(self) -> bool:
        """Whether an audit would have to stop for it: critical or high."""
        return self in {Severity.CRITICAL, Severity.HIGH}


RANKS = (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW, Severity.INFO)

WORDS: dict[Severity, tuple[str, ...]] = {
    Severity.CRITICAL: ("critical", "crit", "severe", "blocker", "catastrophic", "urgent", "fatal", "p0", "sev0"),
    Severity.HIGH: ("high", "hi", "major", "serious", "grave", "error", "p1", "sev1"),
    Severity.MEDIUM: ("medium", "med", "mid", "moderate", "warning", "warn", "p2", "sev2"),
    Severity.LOW: ("low", "lo", "minor", "p3", "sev3"),
    Severity.INFO: (
        *(
            "informational",
            "information",
            "informative",
            "info",
            "insight",
            "note",
            "notes",
            "remark",
            "nit",
            "nitpick",
        ),
        *("non critical", "noncritical", "nc", "qa", "quality assurance", "code quality", "style", "undetermined"),
        *("gas", "optimization", "optimisation", "optimizations", "best practice", "best practices", "bestpractices"),
        *("recommendation", "recommendations", "suggestion", "suggestions", "enhancement", "negligible", "trivial"),
        *("cosmetic", "advisory", "hint", "observation", "comment", "notice", "fyi", "refactor", "typo", "neutral"),
        *("documentation", "discussion", "p4", "p5", "sev4", "sev5"),
    ),
}
"""The words of Code4rena, Sherlock, Cantina, Immunefi, CodeHawks, slither, aderyn, SARIF, CVSS and bug trackers."""

LETTERS = {
    "c": Severity.CRITICAL, "crit": Severity.CRITICAL, "h": Severity.HIGH,
    "m": Severity.MEDIUM, "med": Severity.MEDIUM, "l": Severity.LOW, "i": Severity.INFO, "n": Severity.INFO,
    "nc": Severity.INFO, "q": Severity.INFO, "inf": Severity.INFO,
    "g": Severity.INFO, "gas": Severity.INFO, "qa": Severity.INFO, "info": Severity.INFO,
}  # fmt: skip
"""Letters that stand alone or before a number, as in H-01."""

SCORES = ((9.0, Severity.CRITICAL), (7.0, Severity.HIGH), (4.0, Severity.MEDIUM), (0.1, Severity.LOW))
"""From which CVSS score on a rank counts (CVSS 3.1 and 4.0, table of qualitative ratings)."""

_SPOKEN = {
    severity: re.compile(rf"\b(?:{'|'.join(map(re.escape, sorted(words, key=len, reverse=True)))})\b")
    for severity, words in WORDS.items()
}
_LETTER = re.compile(rf"\b({'|'.join(sorted(LETTERS, key=len, reverse=True))}) ?\d{{1,3}}\b")
_NUMBERED = re.compile(r"\b(sev|p|s|priority) ?([0-5])\b")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")
_APART = re.compile(r"[^\w.]+|_+|(?<!\d)\.|\.(?!\d)")
_NEGATED = re.compile(
    r"\b(?:non|not|isnt|no|never|hardly|without|less than|below)(?: (?:a|an|so|very|that|really))? (\w+)\b"
)
_SCORE = re.compile(
    r"(?:\A|\bcvss(?: ?v?[234](?:\.\d)?)?(?: (?:base )?score)? )(\d{1,2}(?:\.\d{1,2})?)(?: 10)?(?:\Z|(?= ))"
)
_TOLD = re.compile(r"\b(impact|likelihood|probability|severity|confidence) (?:is )?(\w+)")
_TOLD_BEFORE = re.compile(r"\b(\w+) (impact|likelihood|probability|severity|confidence)\b")
_BESIDE = (
    re.compile(r"\b(?:likelihood|probability|confidence|difficulty) (?:is )?\w+"),
    re.compile(r"\b\w+ (?:likelihood|probability|confidence)\b"),
)

MATRIX = {
    Severity.HIGH: (Severity.CRITICAL, Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.INFO),
    Severity.MEDIUM: (Severity.HIGH, Severity.HIGH, Severity.MEDIUM, Severity.LOW, Severity.INFO),
    Severity.LOW: (Severity.MEDIUM, Severity.MEDIUM, Severity.LOW, Severity.LOW, Severity.INFO),
}
"""What a likelihood makes of an impact from critical to informational (Cantina and OWASP agree on it)."""


def severity_of(text: str) -> Severity:
    """Return the severity `text` speaks of, in any usual spelling; `UNSAID` for none or for several.

    >>> severity_of("High Risk"), severity_of("Non-Critical"), severity_of("Impact: High, Likelihood: Low")
    (<Severity.HIGH: 'high'>, <Severity.INFO: 'info'>, <Severity.MEDIUM: 'medium'>)
    """
    vector = VECTOR.search(text)
    if vector is not None:
        scored = base_score(vector.group())
        beside = VECTOR.sub(" ", text)
        return severity_of(beside) or (Severity.UNSAID if scored is None else severity_of_score(scored))
    said = _APART.sub(" ", _HUMP.sub(" ", text.replace("'", "").replace("\u2019", ""))).lower().strip()
    if said in LETTERS:
        return LETTERS[said]
    said = _NUMBERED.sub(lambda told: f"{'p' if told.group(1)[0] == 'p' else 'sev'}{told.group(2)}", said)
    return _rated(said) or _worded(said) or _scored(said)


def severity_of_score(score: float) -> Severity:
    """Return the rank of a CVSS score from 0 to 10; 0 is none, and so a remark."""
    return next((severity for least, severity in SCORES if score >= least), Severity.INFO)


def _worded(said: str) -> Severity:
    for beside in _BESIDE:
        said = beside.sub(" ", said)
    negated = [match.group(1) for match in _NEGATED.finditer(said) if _ranks(match.group(1))]
    ranks = _ranks(_NEGATED.sub(" ", said) if negated else said)
    if negated and not ranks:
        return Severity.INFO  # "not critical" is a remark, never a grave one
    places = sorted(RANKS.index(rank) for rank in ranks)
    if len(places) == 1 or (len(places) == 2 and places[1] - places[0] == 1):
        return RANKS[places[-1]]
    return Severity.UNSAID


def _ranks(said: str) -> set[Severity]:
    lettered = {LETTERS[match.group(1)] for match in _LETTER.finditer(said)}
    return lettered | {severity for severity, words in _SPOKEN.items() if words.search(said)}


def _rated(said: str) -> Severity:
    """Return what impact and likelihood come to where both are told, unless the severity is told too."""
    for told in (dict(_TOLD.findall(said)), {name: word for word, name in _TOLD_BEFORE.findall(said)}):
        ranks = {name: next(iter(_ranks(word)), Severity.UNSAID) for name, word in told.items()}
        likelihood = ranks.get("likelihood") or ranks.get("probability") or Severity.UNSAID
        impact = ranks.get("impact") or Severity.UNSAID
        if impact and likelihood:
            row = MATRIX.get(Severity.HIGH if likelihood is Severity.CRITICAL else likelihood)
            return ranks.get("severity") or (row[RANKS.index(impact)] if row else Severity.UNSAID)
    return Severity.UNSAID


def _scored(said: str) -> Severity:
    found = _SCORE.search(said)
    if found is None or not ("." in found.group(1) or "cvss" in said or said.endswith(" 10")):
        return Severity.UNSAID
    score = float(found.group(1))
    return severity_of_score(score) if score <= 10 else Severity.UNSAID
