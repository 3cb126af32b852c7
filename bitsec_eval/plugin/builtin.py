"""Our own engines, matchers and answer kinds, added through the hooks that are open to every plugin."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest

from bitsec_eval.core.answers.answer import Answer
from bitsec_eval.core.errors import SettingsError, TaskError
from bitsec_eval.core.matching import Matcher
from bitsec_eval.core.matching.lexical import LexicalMatcher
from bitsec_eval.core.reports.finding import Finding
from bitsec_eval.core.tasks.task import Task
from bitsec_eval.plugin.extension import AnswerKind, EngineRequest, FindingMatcher, SandboxEngine
from bitsec_eval.plugin.proof_kinds import PROOF_KINDS
from bitsec_eval.render.findings import reported
from bitsec_eval.sandbox.engines import Engine, engine_of, engine_settings, task_image
from bitsec_eval.sandbox.preflight import refuse

JUDGE, LEXICAL = "judge", "lexical"


@contextmanager
def _opened(name: str, request: EngineRequest) -> Iterator[Engine]:
    image = request.image
    if request.task_image:
        image = task_image(name, request.image, request.task_image)
    settings = engine_settings(name, request.state, image, request.runtime)
    with engine_of(settings) as engine:
        refuse(settings, request.results, request.accepted)
        yield engine


def _judge(environ: Mapping[str, str]) -> Matcher[Finding]:
    from bitsec_eval.judge import MODEL, matcher_from

    if not environ.get(MODEL):
        raise SettingsError(f"--bitsec-matcher=judge: {MODEL} is not set; name the judge's model there")
    return matcher_from(environ)


def _needs_twin(task: Task, fixtures: Collection[str]) -> None:
    if "twin_report" in fixtures and task.twin is None:
        raise TaskError("a check uses twin_report, but TASK has no twin; give twin= a folder")


def _reported(answers: Sequence[Answer]) -> Mapping[str, Any]:
    """Return the findings that were read of the report on the workspace; of the twin nothing is ever told."""
    if not answers or any(answer.fault for answer in answers):
        return {}
    return {"reported": [reported(answers[0].printed)]}


class Builtin:
    """Implements the hooks."""

    def pytest_bitsec_engines(self, config: pytest.Config) -> Sequence[SandboxEngine]:
        """Offer Docker, and OCI runtimes without a daemon."""
        told = {"docker": "a Docker engine, or what speaks its API", "oci": "runc or crun alone, as root"}
        return [SandboxEngine(name=name, summary=told[name], open=partial(_opened, name)) for name in told]

    def pytest_bitsec_matchers(self, config: pytest.Config) -> Sequence[FindingMatcher]:
        """Offer the lexical matcher and the LLM judge."""
        return [
            FindingMatcher(name=LEXICAL, summary="compares words", make=lambda environ: LexicalMatcher()),
            FindingMatcher(name=JUDGE, summary="asks the LLM that BITSEC_JUDGE_MODEL names", make=_judge),
        ]

    def pytest_bitsec_answer_kinds(self, config: pytest.Config) -> Sequence[AnswerKind]:
        """Offer plain text, code, reports of findings, exploits and patches."""
        return [
            AnswerKind(name="answer", fixtures=("answer",), summary="text on stdout", is_public=True),
            AnswerKind(
                name="code", fixtures=("solution",), summary="Python code", loads_solution=True, is_public=True
            ),
            AnswerKind(
                name="findings",
                fixtures=("report", "twin_report"),
                summary="a report of vulnerabilities",
                check_task=_needs_twin,
                publish=_reported,
            ),
            *PROOF_KINDS,
        ]
