"""Settings of screening and pruning."""

from dataclasses import dataclass

from bitsec_eval.core.errors import SettingsError
from bitsec_eval.core.evaluations.stages import Screen
from bitsec_eval.core.text import one_line
from bitsec_eval.plugin.config.option import OptionValues


@dataclass(frozen=True, slots=True, kw_only=True)
class StagingSettings:
    """Which agents are to be stopped early: by a screening, whose tasks are not known yet, and beyond which rank."""

    screen: Screen | None = None
    prune: int | None = None

    @property
    def active(self) -> bool:
        """Whether any agent may be stopped."""
        return self.screen is not None or self.prune is not None


def staging_from(told: OptionValues) -> StagingSettings:
    """Return how agents are stopped early.

    Raises:
        SettingsError: the screening is not SUITE:POINTS, or the rank is none.
    """
    prune = told.value("prune")
    if prune is not None and prune < 1:
        raise SettingsError(f"--bitsec-prune {prune}: give a rank from 1 on, such as --bitsec-prune=10")
    return StagingSettings(screen=_screen(told.value("screen")) if told.said("screen") else None, prune=prune)


def _screen(text: str) -> Screen:
    suite, _, points = text.rpartition(":")
    try:
        least = float(points)
    except ValueError:
        least = 0.0
    if not suite.strip("/") or not 0 < least <= 100:
        raise SettingsError(
            f"--bitsec-screen {one_line(text, 100)}: give SUITE:POINTS, with points above 0 and up to 100,"
            " such as --bitsec-screen=coding:50"
        )
    return Screen(suite=suite.strip("/"), points=least)
