"""Settings for answers of earlier evaluations."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bitsec_eval.core.errors import SettingsError
from bitsec_eval.plugin.cache.answers import AnswerStore, Condition, signing_key
from bitsec_eval.plugin.cache.resume import Begun, continued, last_begun
from bitsec_eval.plugin.config.llm import LLMSettings
from bitsec_eval.plugin.config.option import OptionValues

if TYPE_CHECKING:
    from bitsec_eval.plugin.config.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class ReuseSettings:
    """Whether answers are taken from earlier runs, and with which evaluation this one goes on.

    `expected` is how many seconds a run of each task took in the last one.
    """

    recalls: bool
    begun: Begun | None
    seed: int | None
    expected: Mapping[str, float] = field(default_factory=dict)


def reuse_settings(config: pytest.Config, told: OptionValues, results: Path) -> ReuseSettings:
    """Return what the operator said, in `told`, of earlier evaluations.

    Raises:
        SettingsError: there is nothing to go on with, or options contradict each other.
    """
    resume, rerun, reuse = told.value("resume"), told.value("rerun") or None, told.value("reuse")
    if resume and rerun:
        raise SettingsError(
            "--bitsec-resume continues an interrupted evaluation, --bitsec-rerun repeats void runs of a finished one;"
            " use only one"
        )
    if hasattr(config, "workerinput"):  # the controller has decided
        return ReuseSettings(recalls=bool(reuse or resume or rerun), begun=None, seed=None)
    begun = continued(results, told.value("results"), resume=resume, rerun=rerun)
    last = last_begun(results)
    known = begun or (last if reuse else None)
    return ReuseSettings(
        recalls=bool(reuse or begun),
        begun=begun,
        seed=known.seed if known else None,  # with other names in the workspace every run would be new
        expected=last.run_seconds if last else {},
    )


def opened_store(settings: "Settings", image: Callable[[], str]) -> AnswerStore:
    """Return the answers of a results folder; `image` gives the digest of what sandboxes hold, not where it lies.

    Raises:
        SettingsError: the state folder cannot be used.
    """
    llm = llm_condition(settings.llm)
    return AnswerStore(
        settings.results / "answers",
        signing_key(settings.engine_request.state),
        evaluation=settings.evaluation,
        condition=lambda: Condition(image=image(), llm=llm),
        recalls=settings.reuse.recalls,
    )


def llm_condition(settings: LLMSettings) -> Mapping[str, Any]:
    """Return what of the LLM's settings an answer depends on; the key is not among it."""
    provision = settings.provision
    if provision is None:
        return {"mode": settings.mode}
    return {"mode": "live", "base_url": provision.provider.base_url, "run": asdict(provision.run)}
