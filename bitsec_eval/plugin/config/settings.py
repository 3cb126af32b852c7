"""The options of an evaluation, read once."""

import os
import random
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bitsec_eval.core.errors import SettingsError
from bitsec_eval.core.renaming import SEEDS
from bitsec_eval.core.rewards import parse_emission
from bitsec_eval.plugin.cache.resume import Begun, check_same
from bitsec_eval.plugin.collection.agents import Agent, find_agents
from bitsec_eval.plugin.config.llm import LLMSettings, llm_settings
from bitsec_eval.plugin.config.repeat_options import at_least_from, baseline_from, repeats_from
from bitsec_eval.plugin.config.reuse_options import ReuseSettings, reuse_settings
from bitsec_eval.sandbox.engines import EngineSettings, engine_settings
from bitsec_eval.sandbox.uid_lease import state_folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What one evaluation was told; `evaluation`, `started` and `seed` are the same in all of its processes."""

    agents: tuple[Agent, ...]
    agents_path: Path
    jobs: int
    repeats: int
    at_least: int | None
    baseline: float | None
    seed: int
    evaluation: str
    started: str
    emission: str
    rewards: str
    tiebreak: str
    results: Path
    fail_under: float | None
    engine: EngineSettings
    accepted: tuple[str, ...]
    llm: LLMSettings
    reuse: ReuseSettings

    @property
    def begun(self) -> Begun:
        """What is noted of this evaluation while it goes on."""
        return Begun(
            evaluation=self.evaluation,
            started=self.started,
            seed=self.seed,
            repeats=self.repeats,
            agents={agent.name: agent.sha256 for agent in self.agents},
        )


def settings_from(config: pytest.Config) -> Settings:
    """Return the settings of an evaluation.

    Raises:
        SettingsError: an option is wrong.
    """
    results = config.invocation_params.dir / config.getoption("--bitsec-results")
    reuse = reuse_settings(config, results)
    evaluation = _evaluation(config, reuse)
    llm = llm_settings(config, results, evaluation)
    shared = _shared(config, evaluation, llm, reuse)
    settings = _settings(config, results, shared, llm, reuse)
    if reuse.begun is not None:
        check_same(reuse.begun, settings.begun.agents, settings.repeats)
    return settings


def _settings(
    config: pytest.Config, results: Path, shared: "Shared", llm: LLMSettings, reuse: ReuseSettings
) -> Settings:
    told = config.getoption
    folder = config.invocation_params.dir / told("--bitsec-agents")
    return Settings(
        agents=find_agents(folder, told("--bitsec-agents")),
        agents_path=folder.resolve(),
        jobs=_jobs(config),
        repeats=repeats_from(config),
        at_least=at_least_from(config),
        baseline=baseline_from(config),
        emission=str(parse_emission(told("--bitsec-emission"))),
        rewards=told("--bitsec-rewards"),
        tiebreak=told("--bitsec-tiebreak"),
        results=results,
        fail_under=told("--bitsec-fail-under"),
        engine=_engine_settings(config),
        accepted=tuple(sorted(set(told("--bitsec-accept-weaker")))),
        llm=llm,
        seed=shared.seed,
        evaluation=shared.evaluation,
        started=shared.started,
        reuse=reuse,
    )


def _engine_settings(config: pytest.Config) -> EngineSettings:
    state = Path(config.getoption("--bitsec-state") or state_folder(os.environ))
    told = config.getoption
    return engine_settings(told("--bitsec-sandbox"), state, told("--bitsec-image"), told("--bitsec-runtime"))


@dataclass(frozen=True, slots=True)
class Shared:
    """What every process of one evaluation must agree on."""

    seed: int
    evaluation: str
    started: str


def _evaluation(config: pytest.Config, reuse: ReuseSettings) -> str:
    if hasattr(config, "workerinput"):
        return str(config.workerinput["bitsec"]["evaluation"])
    return reuse.begun.evaluation if reuse.begun else str(uuid.uuid4())


def _shared(config: pytest.Config, evaluation: str, llm: LLMSettings, reuse: ReuseSettings) -> Shared:
    """Return what was drawn once: by xdist's controller for its workers, by us otherwise."""
    if hasattr(config, "workerinput"):
        return Shared(**config.workerinput["bitsec"])
    if reuse.begun is not None:
        return Shared(reuse.begun.seed, reuse.begun.evaluation, reuse.begun.started)
    given = (config.getoption("--bitsec-seed"), llm.seed, reuse.seed)
    seed = next((seed for seed in given if seed is not None), None)
    return Shared(
        seed=random.SystemRandom().randrange(SEEDS) if seed is None else seed,
        evaluation=evaluation,
        started=datetime.now(UTC).isoformat(timespec="microseconds"),
    )


def _jobs(config: pytest.Config) -> int:
    jobs = config.getoption("--bitsec-jobs")
    if jobs is None:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if jobs < 1:
        raise SettingsError(f"--bitsec-jobs {jobs}: at least 1 run must go on at a time")
    return int(jobs)
