"""How far the lexical matcher agrees with ScaBench's official judge, on projects it was not fitted to.

    python benchmarks/matching.py DATA [--learn] [--one-known] [--injections]

DATA holds `truth/ID.json`, `reports/ID_results.json` and `decisions/ID_results.json`, as the repository
github.com/NethermindEth/auditagent-scoring-algo publishes them; nothing of it is part of this project.
For each expected finding the judge says matched, partly matched or missed.
The matcher ought to rank the first two above the third (ROC AUC), and to tell them apart (F1), where each project is
left out of all that is fitted:

- *one left out*: the curve is fitted to the other projects, all else is as shipped;
- *nested*: the parameters are chosen on the other projects too, from a grid around what is shipped;
- *one known* (--one-known): curve and parameters are chosen on one project that has positives, and the other six are
  judged: how far what is learned on one project reaches.

F1 is given for the evidence (is the best pair sure enough?) and for the decisions, which credit no finding twice; the
official judge sometimes does. There are few positives, so each figure has a 90 % interval from 2,000 resamplings of
expected findings. --learn prints the curve fitted to all projects: the constants in lexical.py.
--injections puts fifteen families of prompt injection at three places into every reported finding, and counts the
verdicts that they raise and lower.
"""

import argparse
import itertools
import json
import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bitsec_eval.core.matching.evidence import evidence_of
from bitsec_eval.core.matching.lexical import Curve, LexicalMatcher
from bitsec_eval.core.matching.parameters import MatchingParameters
from bitsec_eval.core.reports.finding import Finding
from bitsec_eval.scabench.dataset import read_dataset
from bitsec_eval.scabench.injections import FAMILIES, PLACES
from bitsec_eval.scabench.layouts import read_report

RESAMPLINGS = 2000
GRID = tuple(
    MatchingParameters(
        expected_lead=lead, expected_title=title, unknown_word=unknown, cause_weight=cause, rival_weight=rival
    )
    for lead, title, unknown, cause, rival in itertools.product(
        ((150, 400), (200, 500), (300, 700)), (1.0, 2.0), (0.5, 1.0), (0.2, 0.5), (0.3, 0.6, 1.0)
    )
)


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One project: what was expected and reported, and which expected findings the official judge saw found."""

    name: str
    expected: tuple[Finding, ...]
    reported: tuple[Finding, ...]
    found: tuple[bool, ...]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the matcher says of one expected finding of a project that was left out."""

    project: str
    found: bool
    sure: float
    evidence: bool
    decided: bool


def read_projects(folder: Path) -> list[Judged]:
    """Read every project there is a truth for."""
    texts = {path.stem: json.loads(path.read_text()) for path in sorted((folder / "truth").glob("*.json"))}
    projects = read_dataset(json.dumps(list(texts.values())), str(folder / "truth"))
    return [_judged(folder, name, project.expected) for name, project in zip(texts, projects, strict=True)]


def _judged(folder: Path, name: str, expected: tuple[Finding, ...]) -> Judged:
    report = read_report((folder / "reports" / f"{name}_results.json").read_text())
    decisions = json.loads((folder / "decisions" / f"{name}_results.json").read_text())[: len(expected)]
    found = tuple(bool(each["is_match"] or each["is_partial_match"]) for each in decisions)
    assert len(found) == len(expected), f"{name}: {len(found)} decisions on {len(expected)} findings"
    assert not any(each["is_fp"] for each in decisions), f"{name}: a false positive among the first decisions"
    return Judged(name=name, expected=expected, reported=report.findings, found=found)


def likenesses(project: Judged, parameters: MatchingParameters) -> list[float]:
    """The likeness of each expected finding's best pair."""
    rows = evidence_of(project.expected, project.reported, parameters)
    return [max((pair.likeness for pair in row), default=0.0) for row in rows]


def fitted_curve(likeness: Sequence[float], found: Sequence[bool]) -> Curve:
    """Logistic regression of one variable, by Newton's method, with next to no regularisation."""
    slope, offset, ridge = 0.0, 0.0, 1e-4
    for _ in range(200):
        sure = [1 / (1 + math.exp(-max(-30.0, min(30.0, slope * x + offset)))) for x in likeness]
        pull_slope = sum((y - p) * x for x, y, p in zip(likeness, found, sure, strict=True)) - ridge * slope
        pull_offset = sum(y - p for y, p in zip(found, sure, strict=True))
        bend = [p * (1 - p) for p in sure]
        a = sum(b * x * x for b, x in zip(bend, likeness, strict=True)) + ridge
        b = sum(b * x for b, x in zip(bend, likeness, strict=True))
        c = sum(bend) + 1e-9
        determinant = a * c - b * b
        step_slope = (c * pull_slope - b * pull_offset) / determinant
        step_offset = (a * pull_offset - b * pull_slope) / determinant
        shrink = min(1.0, 5.0 / (abs(step_slope) + 1e-12))
        slope, offset = slope + shrink * step_slope, offset + shrink * step_offset
    return Curve(slope=slope, offset=offset)


def log_loss(curve: Curve, likeness: Sequence[float], found: Sequence[bool]) -> float:
    """How surprised the curve is, on average."""
    sure = [min(1 - 1e-9, max(1e-9, curve(x))) for x in likeness]
    return -sum(math.log(p if y else 1 - p) for p, y in zip(sure, found, strict=True)) / len(sure)


def left_out(projects: Sequence[Judged], candidates: Sequence[MatchingParameters]) -> list[Outcome]:
    """Judge each project by what the others teach; with several candidates, by the one that fits the others best."""
    known = {(p.name, w): likenesses(p, w) for p in projects for w in candidates}
    return [
        outcome
        for project in projects
        for outcome in _outcomes(project, *_learned([p for p in projects if p is not project], candidates, known))
    ]


def one_known(projects: Sequence[Judged], candidates: Sequence[MatchingParameters]) -> dict[str, list[Outcome]]:
    """Judge all other projects by what each project that has positives teaches alone."""
    known = {(p.name, w): likenesses(p, w) for p in projects for w in candidates}
    return {
        teacher.name: [
            outcome
            for learned in [_learned([teacher], candidates, known)]
            for project in projects
            if project is not teacher
            for outcome in _outcomes(project, *learned)
        ]
        for teacher in projects
        if any(teacher.found)
    }


def _learned(
    projects: Sequence[Judged],
    candidates: Sequence[MatchingParameters],
    known: dict[tuple[str, MatchingParameters], list[float]],
) -> tuple[Curve, MatchingParameters]:
    found = [each for project in projects for each in project.found]
    best: tuple[float, Curve, MatchingParameters] | None = None
    for parameters in candidates:
        likeness = [each for project in projects for each in known[project.name, parameters]]
        curve = fitted_curve(likeness, found)
        loss = log_loss(curve, likeness, found)
        if best is None or loss < best[0]:
            best = loss, curve, parameters
    assert best is not None
    return best[1], best[2]


def _outcomes(project: Judged, curve: Curve, parameters: MatchingParameters) -> Iterable[Outcome]:
    matcher = LexicalMatcher(curve=curve, parameters=parameters)
    decisions = matcher.match(project.expected, project.reported)
    best = [curve(x) for x in likenesses(project, parameters)]
    for decision, found, sure in zip(decisions, project.found, best, strict=True):
        yield Outcome(
            project=project.name,
            found=found,
            sure=sure,
            evidence=sure >= matcher.partial_from,
            decided=decision.verdict != "none",
        )


def auc(outcomes: Sequence[Outcome]) -> float | None:
    """The share of pairs of a found and a missed finding that are ranked right; ties count half."""
    found = [each.sure for each in outcomes if each.found]
    missed = [each.sure for each in outcomes if not each.found]
    if not found or not missed:
        return None
    return sum((a > b) + (a == b) / 2 for a in found for b in missed) / (len(found) * len(missed))


def f1(pairs: Iterable[tuple[bool, bool]]) -> float | None:
    """F1 of (true, said) pairs; None where nothing is true and nothing was said."""
    right = true = said = 0
    for is_true, is_said in pairs:
        right, true, said = right + (is_true and is_said), true + is_true, said + is_said
    return 2 * right / (true + said) if true + said else None


MEASURES = {
    "AUC": auc,
    "F1 evidence": lambda outcomes: f1((each.found, each.evidence) for each in outcomes),
    "F1 decisions": lambda outcomes: f1((each.found, each.decided) for each in outcomes),
}


def interval(outcomes: Sequence[Outcome], measure, seed: int = 1) -> tuple[float, float]:
    """The 5th and 95th percentile over resamplings."""
    chance = random.Random(seed)
    values = (measure(chance.choices(outcomes, k=len(outcomes))) for _ in range(RESAMPLINGS))
    ordered = sorted(value for value in values if value is not None)
    return ordered[len(ordered) // 20], ordered[-len(ordered) // 20]


def shown(value: float | None) -> str:
    """A figure, or a dash for none."""
    return "   - " if value is None else f"{value:5.3f}"


def show(title: str, outcomes: Sequence[Outcome]) -> None:
    """Print one way of leaving out: each project, and all together with intervals."""
    print(f"\n{title}")
    print(f"{'project':48}{'expected':>9}{'found':>6}  AUC    F1 evidence  F1 decisions")
    names = list(dict.fromkeys(each.project for each in outcomes))
    for name in names:
        own = [each for each in outcomes if each.project == name]
        values = [shown(measure(own)) for measure in MEASURES.values()]
        print(
            f"{name[:46]:48}{len(own):9}{sum(each.found for each in own):6}  {values[0]}  {values[1]:11}  {values[2]}"
        )
    values = [shown(measure(outcomes)) for measure in MEASURES.values()]
    found = sum(each.found for each in outcomes)
    print(f"{'all':48}{len(outcomes):9}{found:6}  {values[0]}  {values[1]:11}  {values[2]}")
    for name, measure in MEASURES.items():
        low, high = interval(outcomes, measure)
        print(f"  {name}: 90 % of resamplings lie in {low:.3f} .. {high:.3f}")


def show_injections(projects: Sequence[Judged]) -> None:
    """Print how many verdicts injected text raises and lowers."""
    print(f"\n{'Injections: verdicts':48}{'raised':>9}{'lowered':>9}{'of':>7}")
    moved = [each for project in projects for each in _moves(project)]
    for name in [*(project.name for project in projects), "all"]:
        own = [steps for owner, steps in moved if name in (owner, "all")]
        raised, lowered = sum(move > 0 for move in own), sum(move < 0 for move in own)
        print(f"{name[:46]:48}{raised:9}{lowered:9}{len(own):7}")


def _moves(project: Judged) -> Iterable[tuple[str, int]]:
    """For each injection and expected finding, by how many steps its verdict goes up."""
    before = _ranks(project.expected, project.reported)
    for text, inject in itertools.product(FAMILIES.values(), PLACES.values()):
        after = _ranks(project.expected, [inject(finding, text) for finding in project.reported])
        yield from ((project.name, new - old) for old, new in zip(before, after, strict=True))


def _ranks(expected: Sequence[Finding], reported: Sequence[Finding]) -> list[int]:
    verdicts = (decision.verdict for decision in LexicalMatcher().match(expected, reported))
    return [("none", "partial", "match").index(verdict) for verdict in verdicts]


def main() -> None:
    """Read, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--learn", action="store_true", help="print the curve fitted to all projects")
    parser.add_argument("--one-known", action="store_true", help="also learn from each project alone")
    parser.add_argument("--injections", action="store_true", help="count the verdicts that injected text moves")
    args = parser.parse_args()
    projects = read_projects(args.data)
    shipped = MatchingParameters()
    if args.learn:
        found = [each for project in projects for each in project.found]
        curve = fitted_curve([x for project in projects for x in likenesses(project, shipped)], found)
        print(f"SLOPE = {curve.slope:.1f}\nOFFSET = {curve.offset:.1f}")
    show("One project left out: the curve is fitted to the others", left_out(projects, [shipped]))
    show("Nested: the parameters are chosen on the others too", left_out(projects, GRID))
    if args.one_known:
        for name, outcomes in one_known(projects, GRID).items():
            show(f"Learned on {name} alone", outcomes)
    if args.injections:
        show_injections(projects)


if __name__ == "__main__":
    main()
