"""What an evaluation was told about answers of earlier ones."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bitsec_eval.core.errors import SettingsError
from bitsec_eval.plugin.cache.answers import AnswerStore, Condition, signing_key
from bitsec_eval.plugin.cache.resume import RERUNS, Begun, continued, last_begun
from bitsec_eval.plugin.config.llm import LLMSettings

if TYPE_CHECKING:
    from bitsec_eval.plugin.config.settings import Settings


def add_reuse_options(parser: pytest.Parser) -> None:
    """Add the options to pytest's."""
    group = parser.getgroup("bitsec")
    group.addoption(
        "--bitsec-reuse",
        action="store_true",
        help="run only what is new; answers of runs done before are checked again",
    )
    group.addoption("--bitsec-resume", action="store_true", help="go on with an evaluation that was interrupted")
    group.addoption("--bitsec-rerun", choices=RERUNS, help="do the void runs of the last evaluation again")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReuseSettings:
    """Whether answers are taken from earlier runs, and with which evaluation this one goes on.

    `expected` is how many seconds a run of each task took in the last one.
    """

    recalls: bool
    begun: Begun | None
    seed: int | None
    expected: Mapping[str, float] = field(default_factory=dict)


def reuse_settings(config: pytest.Config, results: Path) -> ReuseSettings:
    """Return what `config` says.

    Raises:
        SettingsError: there is nothing to go on with, or options contradict each other.
    """
    resume, rerun = config.getoption("--bitsec-resume"), config.getoption("--bitsec-rerun")
    if resume and rerun:
        raise SettingsError("--bitsec-resume and --bitsec-rerun: an evaluation has ended or it has not; give one")
    reuse = config.getoption("--bitsec-reuse")
    if hasattr(config, "workerinput"):  # the controller has decided
        return ReuseSettings(recalls=bool(reuse or resume or rerun), begun=None, seed=None)
    begun = continued(results, config.getoption("--bitsec-results"), resume=resume, rerun=rerun)
    last = last_begun(results)
    known = begun or (last if reuse else None)
    return ReuseSettings(
        recalls=bool(reuse or begun),
        begun=begun,
        seed=known.seed if known else None,  # with other names in the workspace every run would be new
        expected=last.run_seconds if last else {},
    )


def opened_store(settings: "Settings", image: str) -> AnswerStore:
    """Return the answers of a results folder.

    Raises:
        SettingsError: the state folder cannot be used.
    """
    return AnswerStore(
        settings.results / "answers",
        signing_key(settings.engine.state),
        evaluation=settings.evaluation,
        condition=Condition(image=image, llm=llm_condition(settings.llm)),
        recalls=settings.reuse.recalls,
    )


def llm_condition(settings: LLMSettings) -> Mapping[str, Any]:
    """Return what of the LLM's settings an answer depends on; the key is not among it."""
    provision = settings.provision
    if provision is None:
        return {"mode": settings.mode}
    return {"mode": "live", "base_url": provision.provider.base_url, "run": asdict(provision.run)}
