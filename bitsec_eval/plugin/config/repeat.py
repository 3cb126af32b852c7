"""Settings of repeats, and the earlier board that rewards compare with."""

from bitsec_eval.core.errors import ResultsError, SettingsError
from bitsec_eval.core.junit.reader import read_junit
from bitsec_eval.core.scoring.leaderboard import best_score
from bitsec_eval.core.scoring.paying.progress import MOST_HALF_LIFE_DAYS
from bitsec_eval.core.scoring.rewards import NEED_BASELINE
from bitsec_eval.plugin.config.option import OptionValues

MOST_REPEATS = 1000


def repeats_from(told: OptionValues) -> int:
    """Return how often every run is done.

    Raises:
        SettingsError: it is no such number.
    """
    repeats = int(told.value("repeat"))
    if not 1 <= repeats <= MOST_REPEATS:
        raise SettingsError(f"--bitsec-repeat {repeats}: give a number from 1 to {MOST_REPEATS}")
    return repeats


def at_least_from(told: OptionValues) -> int | None:
    """Return how many runs of a task must pass, or None where their mean counts.

    Raises:
        SettingsError: nobody could pass so many.
    """
    needed = told.value("at-least")
    repeats = repeats_from(told)
    if needed is not None and not 1 <= needed <= repeats:
        raise SettingsError(
            f"--bitsec-at-least {needed}: every run is done {repeats} times;"
            f" give a number from 1 to {repeats}, or raise --bitsec-repeat"
        )
    return None if needed is None else int(needed)


def half_life_from(told: OptionValues) -> float | None:
    """Return after how many days a gain is worth half, None where the rule's own half-life holds.

    Raises:
        SettingsError: it is no such number.
    """
    days = told.value("half-life")
    if days is not None and not 0 < days <= MOST_HALF_LIFE_DAYS:
        raise SettingsError(
            f"--bitsec-half-life {days:g}: give days, more than 0 and at most {MOST_HALF_LIFE_DAYS:g}"
        )
    return None if days is None else float(days)


def baseline_from(told: OptionValues) -> float | None:
    """Return the best score of the earlier board, or None where there is none to improve on.

    Raises:
        SettingsError: there should be one, or it cannot be read.
    """
    if not told.said("baseline"):
        if told.value("rewards") in NEED_BASELINE:
            raise SettingsError("--bitsec-rewards=improvement: nothing to improve on; give --bitsec-baseline=OLD.xml")
        return None
    path = told.value("baseline")
    try:
        with told.path("baseline").open("rb") as stream:
            return best_score([read_junit(stream, path)])
    except OSError as error:
        raise SettingsError(
            f"--bitsec-baseline {path}: cannot be read ({error.strerror}); give an earlier junit file"
        ) from None
    except ResultsError as error:
        raise SettingsError(f"--bitsec-baseline {error}") from None
