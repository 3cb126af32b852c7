"""Times several sides of a comparison in one process, interleaved; medians and ratios with their spread."""

import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping

Side = Callable[[], float | None]


def machine() -> str:
    """Return a line about this machine."""
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} CPUs, load {load}"


def interleaved(sides: Mapping[str, Side], rounds: int) -> dict[str, list[float]]:
    """Run every side once in each round; return its seconds, which a side may also measure and return itself."""
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, side in sides.items():
            started = time.perf_counter()
            measured = side()
            seconds[name].append(time.perf_counter() - started if measured is None else measured)
    return seconds


def spread(values: list[float], digits: int = 2) -> str:
    """Return median, minimum and maximum."""
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}-{max(values):.{digits}f})"


def ratios(mine: list[float], theirs: list[float]) -> list[float]:
    """Return how many times faster `mine` is, round by round."""
    return [their / my for my, their in zip(mine, theirs, strict=True)]
