"""The options of an evaluation, read once."""

import os
import random
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bitsec_eval.core.errors import SettingsError
from bitsec_eval.core.matching import Matcher
from bitsec_eval.core.reports.finding import Finding
from bitsec_eval.core.scoring.rewards import parse_emission
from bitsec_eval.core.tasks.renaming import SEEDS
from bitsec_eval.plugin.agents import Agent, find_agents
from bitsec_eval.plugin.builtin import JUDGE, LEXICAL
from bitsec_eval.plugin.cache.resume import Begun, check_same
from bitsec_eval.plugin.config.llm import LLMSettings, llm_settings
from bitsec_eval.plugin.config.option import OptionValues
from bitsec_eval.plugin.config.options import ANSWERS, options_of
from bitsec_eval.plugin.config.repeat import at_least_from, baseline_from, half_life_from, repeats_from
from bitsec_eval.plugin.config.reuse import ReuseSettings, reuse_settings
from bitsec_eval.plugin.config.staging import StagingSettings, staging_from
from bitsec_eval.plugin.extension import (
    AnswerKinds,
    EngineRequest,
    SandboxEngine,
    chosen,
    offered_engines,
    offered_kinds,
    offered_matchers,
)
from bitsec_eval.plugin.several_machines import CLUSTER, SEVERAL_ENGINES
from bitsec_eval.sandbox.turn_claims import turn_group
from bitsec_eval.sandbox.uid_lease import state_folder
from bitsec_eval.schedule.order import RunOrder

WAITING_JOBS = 4
"""Runs for each processor where agents may ask an LLM and nobody said how many: they wait most of the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What one evaluation was told; `evaluation`, `started` and `seed` are the same in all of its processes."""

    agents: tuple[Agent, ...]
    agents_path: Path
    jobs: int
    jobs_given: bool
    repeats: int
    at_least: int | None
    baseline: float | None
    half_life: float | None
    seed: int
    evaluation: str
    started: str
    emission: str
    rewards: str
    tiebreak: str
    submitted: str
    plain_junit: bool
    results: Path
    fail_under: float | None
    progress: str
    publishes_answers: bool
    protocol: str
    includes_solutions: bool
    engine: SandboxEngine
    engine_request: EngineRequest
    evm_image: str | None
    order: RunOrder
    turn_group: str
    matcher: Matcher[Finding]
    judge: str
    kinds: AnswerKinds
    llm: LLMSettings
    reuse: ReuseSettings
    staging: StagingSettings

    @property
    def accepted(self) -> tuple[str, ...]:
        """The controls that may be missing."""
        return self.engine_request.accepted

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
    told = options_of(config)
    told.refuse_unknown()
    results = told.path("results")
    reuse = reuse_settings(config, told, results)
    evaluation = _evaluation(config, reuse)
    llm = llm_settings(config, results, evaluation)
    shared = _shared(config, told, evaluation, llm, reuse)
    settings = _settings(config, told, shared, llm, reuse)
    if reuse.begun is not None:
        check_same(reuse.begun, settings.begun.agents, settings.repeats)
    return settings


def _settings(
    config: pytest.Config, told: OptionValues, shared: "Shared", llm: LLMSettings, reuse: ReuseSettings
) -> Settings:
    folder = told.path("agents")
    return Settings(
        agents=find_agents(folder, told.value("agents")),
        agents_path=folder.resolve(),
        jobs=_jobs(told, llm),
        repeats=repeats_from(told),
        at_least=at_least_from(told),
        baseline=baseline_from(told),
        half_life=half_life_from(told),
        emission=str(parse_emission("0" if told.value("include-solutions") else told.value("emission"))),
        rewards=told.value("rewards"),
        tiebreak=told.value("tiebreak"),
        plain_junit=told.value("junit") == "plain",
        submitted=_submitted(told.value("submitted")),
        results=told.path("results"),
        fail_under=told.value("fail-under"),
        progress=told.value("progress"),
        publishes_answers=told.value("publish") == ANSWERS,
        protocol=told.value("protocol"),
        includes_solutions=told.value("include-solutions"),
        jobs_given=told.said("jobs"),
        engine=_engine(config, told),
        engine_request=_engine_request(told),
        evm_image=told.value("evm-image") or None,
        order=RunOrder(told.value("order")),
        turn_group=turn_group(os.environ),
        matcher=_matcher(config, told),
        judge=_judge(told),
        kinds=offered_kinds(config),
        llm=llm,
        seed=shared.seed,
        evaluation=shared.evaluation,
        started=shared.started,
        reuse=reuse,
        staging=staging_from(told),
    )


def _submitted(text: str) -> str:
    try:
        return text and datetime.fromisoformat(text).isoformat()
    except ValueError:
        raise SettingsError(f"--bitsec-submitted {text}: no time; give it as 2026-01-31T12:00:00+00:00") from None


def _engine(config: pytest.Config, told: OptionValues) -> SandboxEngine:
    """Return what opens sandboxes: one engine, several, or the nodes of a cluster.

    Raises:
        SettingsError: more than one of these is asked for.
    """
    given = [name for name in ("sandbox", "engine", "cluster") if told.said(name)]
    if len(given) > 1:
        names = " and ".join(f"--bitsec-{name}" for name in given)
        raise SettingsError(f"{names}: each says where sandboxes are; use only one")
    if told.said("cluster-tls") and given != ["cluster"]:
        raise SettingsError("--bitsec-cluster-tls: there is no cluster; give --bitsec-cluster=tls://HOST:PORT too")
    if given == ["engine"]:
        return SEVERAL_ENGINES
    if given == ["cluster"]:
        return CLUSTER
    return chosen("--bitsec-sandbox", told.value("sandbox"), offered_engines(config))


def _engine_request(told: OptionValues) -> EngineRequest:
    return EngineRequest(
        state=told.path("state") if told.said("state") else state_folder(os.environ),
        results=told.path("results"),
        image=told.value("image") or None,
        runtime=told.value("runtime") or None,
        accepted=tuple(sorted(set(told.value("accept-weaker")))),
        addresses=told.value("engine"),
        cluster=told.value("cluster"),
        cluster_tls=told.path("cluster-tls") if told.said("cluster-tls") else None,
    )


def _matcher(config: pytest.Config, told: OptionValues) -> Matcher[Finding]:
    """Return who decides on reported findings in tasks that leave this to the evaluation."""
    return chosen("--bitsec-matcher", _matcher_name(told), offered_matchers(config)).make(os.environ)


def _matcher_name(told: OptionValues) -> str:
    return str(told.value("matcher") or (JUDGE if os.environ.get("BITSEC_JUDGE_MODEL") else LEXICAL))


def _judge(told: OptionValues) -> str:
    """Return who decides on findings, with its model where it is an LLM."""
    name = _matcher_name(told)
    return f"{name} {os.environ.get('BITSEC_JUDGE_MODEL', '')}" if name == JUDGE else name


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


def _shared(
    config: pytest.Config, told: OptionValues, evaluation: str, llm: LLMSettings, reuse: ReuseSettings
) -> Shared:
    """Return what was drawn once: by xdist's controller for its workers, by us otherwise."""
    if hasattr(config, "workerinput"):
        return Shared(**config.workerinput["bitsec"])
    if reuse.begun is not None:
        return Shared(reuse.begun.seed, reuse.begun.evaluation, reuse.begun.started)
    given = (told.value("seed"), llm.seed, reuse.seed)
    seed = next((seed for seed in given if seed is not None), None)
    return Shared(
        seed=random.SystemRandom().randrange(SEEDS) if seed is None else seed,
        evaluation=evaluation,
        started=datetime.now(UTC).isoformat(timespec="microseconds"),
    )


def _jobs(told: OptionValues, llm: LLMSettings) -> int:
    jobs = told.value("jobs")
    if jobs is None:
        processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        return processors * (WAITING_JOBS if llm.provision is not None else 1)
    if jobs < 1:
        raise SettingsError(f"--bitsec-jobs must be at least 1 (got {jobs}).")
    return int(jobs)
