"""Statistics of several runs of one agent on one task: its pass rate, and pass@k."""

from collections.abc import Iterable, Mapping
from math import comb, fsum

from bitsec_eval.core.scoring.scores import Cell

SHOWN_K = (1, 2, 5, 10)


def pass_at_k(runs: int, passed: int, k: int) -> float:
    """Return the chance, 0 to 1, that at least one of `k` runs passes, told from `runs` of which `passed` did.

    The unbiased estimator of Chen et al., "Evaluating Large Language Models Trained on Code" (2021), section 2.1:
    one minus the share of all choices of k runs that hold no passed one. `k` is at most `runs`.

    >>> pass_at_k(5, 1, 1), pass_at_k(5, 1, 5), pass_at_k(4, 2, 2)
    (0.2, 1.0, 0.8333333333333334)
    """
    return 1 - comb(runs - passed, k) / comb(runs, k)


def pass_rates(runs: int, passed: int) -> dict[int, float]:
    """Return pass@k for k of 1, 2, 5, 10 and for all runs, where there are as many.

    >>> pass_rates(3, 3)
    {1: 1.0, 2: 1.0, 3: 1.0}
    """
    return {k: pass_at_k(runs, passed, k) for k in sorted({*SHOWN_K, runs}) if 0 < k <= runs}


def unvoided(cell: Cell) -> int:
    """Return how many runs of a cell were not void; one with checks missing has not passed."""
    return cell.counts.scored + cell.counts.incomplete


def agent_pass_rates(cells: Iterable[Cell], weights: Mapping[str, float] | None = None) -> dict[int, float]:
    """Return an agent's pass@k: the mean over its tasks, for every k that all of them have runs for."""
    counted = [cell for cell in cells if unvoided(cell)]
    weigh = weights or dict.fromkeys((cell.task for cell in counted), 1.0)
    whole = fsum(weigh[cell.task] for cell in counted)
    rates = [(weigh[cell.task], pass_rates(unvoided(cell), cell.passed)) for cell in counted]
    shared = set.intersection(*(set(rate) for _, rate in rates)) if rates else set()
    return {k: fsum(weight * rate[k] for weight, rate in rates) / whole for k in sorted(shared)}
