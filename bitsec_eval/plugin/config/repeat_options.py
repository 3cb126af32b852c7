"""What an evaluation was told about repeats, and about the earlier board that rewards compare with."""

import pytest

from bitsec_eval.core.errors import ResultsError, SettingsError
from bitsec_eval.core.junit import read_junit
from bitsec_eval.core.leaderboard import best_score

MOST_REPEATS = 1000


def add_repeat_options(parser: pytest.Parser) -> None:
    """Add the options to pytest's."""
    group = parser.getgroup("bitsec")
    group.addoption("--bitsec-repeat", metavar="K", type=int, default=1, help="do every run K times (default: 1)")
    group.addoption(
        "--bitsec-at-least",
        metavar="N",
        type=int,
        help="a task counts in full if N of its runs pass every check, else not (default: the mean of its runs)",
    )
    group.addoption(
        "--bitsec-baseline", metavar="XML", help="the earlier junit file for --bitsec-rewards=improvement"
    )


def repeats_from(config: pytest.Config) -> int:
    """Return how often every run is done.

    Raises:
        SettingsError: it is no such number.
    """
    repeats = int(config.getoption("--bitsec-repeat"))
    if not 1 <= repeats <= MOST_REPEATS:
        raise SettingsError(f"--bitsec-repeat {repeats}: give a number from 1 to {MOST_REPEATS}")
    return repeats


def at_least_from(config: pytest.Config) -> int | None:
    """Return how many runs of a task must pass, or None where their mean counts.

    Raises:
        SettingsError: nobody could pass so many.
    """
    needed = config.getoption("--bitsec-at-least")
    repeats = repeats_from(config)
    if needed is not None and not 1 <= needed <= repeats:
        raise SettingsError(
            f"--bitsec-at-least {needed}: every run is done {repeats} times;"
            f" give a number from 1 to {repeats}, or raise --bitsec-repeat"
        )
    return None if needed is None else int(needed)


def baseline_from(config: pytest.Config) -> float | None:
    """Return the best score of the earlier board, or None where there is none to improve on.

    Raises:
        SettingsError: there should be one, or it cannot be read.
    """
    path = config.getoption("--bitsec-baseline")
    if path is None and config.getoption("--bitsec-rewards") == "improvement":
        raise SettingsError("--bitsec-rewards=improvement: nothing to improve on; give --bitsec-baseline=OLD.xml")
    if path is None:
        return None
    try:
        with (config.invocation_params.dir / path).open("rb") as stream:
            return best_score([read_junit(stream, path)])
    except OSError as error:
        raise SettingsError(
            f"--bitsec-baseline {path}: cannot be read ({error.strerror}); give an earlier junit file"
        ) from None
    except ResultsError as error:
        raise SettingsError(f"--bitsec-baseline {error}") from None
