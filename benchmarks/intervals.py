"""Do intervals and tie groups say the truth? `python benchmarks/intervals.py` simulates fields of known true rates.

An agent has a skill and a task a hardness, the same for every agent, on a logistic scale (the model of Rasch), and
each agent finds each task a little easier or harder than others do. A run's rate scatters around the agent's rate on
the task, and its checks pass at the run's rate: so checks of a run and runs of a task depend on one another, as they
do in an evaluation. The true rate is the mean over all tasks there could be.
Reports how often the interval of each agent holds its true rate, and how often the tie groups keep two agents apart;
beside it, how often a test could that knew beforehand how much the difference of two equal agents scatters.
"""

import argparse
import math
from dataclasses import dataclass
from functools import cache
from math import comb, fsum
from random import Random
from statistics import fmean, pstdev

from bitsec_eval.core.scoring.intervals import Z, score_interval
from bitsec_eval.core.scoring.ties import tie_groups

CONFIDENCE = 0.95
RATES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
PAIRS = ((0.5, 0.5), (0.8, 0.8), (0.6, 0.4), (0.7, 0.5), (0.9, 0.7))
HARDNESS, OWN, RUN_SPREAD = 1.2, 0.3, 12.0


@dataclass(frozen=True)
class Size:
    """What is evaluated: tasks, runs of each, checks of each run."""

    tasks: int
    repeats: int
    checks: int


def main() -> None:
    """Print one line for each size of an evaluation."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fields", type=int, default=1000, help="simulated fields of each kind (default: 1000)")
    fields = parser.parse_args().fields
    for size in (Size(10, 5, 8), Size(12, 1, 8), Size(30, 3, 8), Size(10, 5, 1)):
        print(f"{size.tasks} tasks x {size.repeats} runs x {size.checks} checks")
        covered = {rate: coverage(size, rate, fields, Random(f"{size}{rate}")) for rate in RATES}
        told = "  ".join(f"{rate:.0%}: {share:.1%}" for rate, share in covered.items())
        print(f"  95 % intervals hold the true rate in {fmean(covered.values()):.1%} ({told})")
        for pair in PAIRS:
            apart = separated(size, pair, fields, Random(f"{size}{pair}"))
            most = limit(size, pair, fields, Random(f"{size}{pair}limit"))
            print(
                f"  true {pair[0]:.0%} and {pair[1]:.0%}: told apart in {apart:.1%} (knowing the noise: {most:.1%})"
            )
            if size.checks == 1:
                print(f"    McNemar's test on as many pairs that owe each other nothing: {mcnemar(size, pair):.1%}")


def coverage(size: Size, rate: float, fields: int, chance: Random) -> float:
    """Return how often the interval holds the true rate."""
    held = 0
    for _ in range(fields):
        points = agent(size, rate, luck(size, chance), chance)
        interval = score_interval(points, [1.0] * size.tasks)
        held += interval is not None and interval.low <= 100 * rate <= interval.high
    return held / fields


def separated(size: Size, rates: tuple[float, float], fields: int, chance: Random) -> float:
    """Return how often two agents of these true rates are in different groups."""
    apart = 0
    weights = {str(task): 1.0 for task in range(size.tasks)}
    for _ in range(fields):
        hardness = luck(size, chance)
        scores = [{str(t): fmean(runs) for t, runs in enumerate(agent(size, r, hardness, chance))} for r in rates]
        ordered = sorted(scores, key=lambda by_task: -sum(by_task.values()))
        apart += tie_groups(ordered, weights) == (1, 2)
    return apart / fields


def limit(size: Size, rates: tuple[float, float], fields: int, chance: Random) -> float:
    """Return how often the difference of two scores is more than that of equal agents is in 95 % of fields."""
    noise = max(pstdev(_gap(size, (rate, rate), chance) for _ in range(fields)) for rate in set(rates))
    return sum(abs(_gap(size, rates, chance)) > Z * noise for _ in range(fields)) / fields


def mcnemar(size: Size, rates: tuple[float, float]) -> float:
    """Return the exact power, at 5 % with the mid-p, of McNemar's test on tasks x runs independent pairs of tries."""
    pairs, (one, other) = size.tasks * size.repeats, rates
    gained, lost = other * (1 - one), one * (1 - other)
    return fsum(
        chance * alternative
        for moved, chance in enumerate(_binomial(pairs, gained + lost))
        for up, alternative in enumerate(_binomial(moved, gained / (gained + lost)))
        if _mid_p(max(up, moved - up), moved) < 1 - CONFIDENCE
    )


@cache
def _mid_p(most: int, moved: int) -> float:
    even = _binomial(moved, 0.5)
    return 1.0 if 2 * most == moved else 2 * fsum(even[most + 1 :]) + even[most]


@cache
def _binomial(tries: int, rate: float) -> tuple[float, ...]:
    return tuple(comb(tries, hits) * rate**hits * (1 - rate) ** (tries - hits) for hits in range(tries + 1))


def _gap(size: Size, rates: tuple[float, float], chance: Random) -> float:
    hardness = luck(size, chance)
    one, other = (fmean(map(fmean, agent(size, rate, hardness, chance))) for rate in rates)
    return one - other


def luck(size: Size, chance: Random) -> list[float]:
    """Return how hard each task of a field is, the same for every agent."""
    return [chance.gauss(0, HARDNESS) for _ in range(size.tasks)]


def agent(size: Size, rate: float, hardness: list[float], chance: Random) -> list[list[float]]:
    """Return the points of every run of one agent, by task."""
    skill = skill_of(rate)
    return [_task(size, _logistic(skill - hard + chance.gauss(0, OWN)), chance) for hard in hardness]


@cache
def skill_of(rate: float) -> float:
    """Return the skill whose mean rate over all tasks there could be is `rate`."""
    low, high = -20.0, 20.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _mean_rate(middle) < rate else (low, middle)
    return low


def _mean_rate(skill: float) -> float:
    spread = math.hypot(HARDNESS, OWN)
    steps = [step / 20 for step in range(-100, 101)]
    weights = [math.exp(-step * step / 2) for step in steps]
    return fsum(w * _logistic(skill + spread * s) for w, s in zip(weights, steps, strict=True)) / fsum(weights)


def _logistic(value: float) -> float:
    return 1 / (1 + math.exp(-value))


def _task(size: Size, rate: float, chance: Random) -> list[float]:
    rate = min(max(rate, 1e-6), 1 - 1e-6)
    runs = [chance.betavariate(RUN_SPREAD * rate, RUN_SPREAD * (1 - rate)) for _ in range(size.repeats)]
    return [100 * sum(chance.random() < run for _ in range(size.checks)) / size.checks for run in runs]


if __name__ == "__main__":
    main()
