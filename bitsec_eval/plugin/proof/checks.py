"""Objects for checks of patch and exploit tasks, `exploit`, `patch`, `chain` and `scenario`, and pocs of findings.

Each object fails the check, with a line from a fixed list, unless the verdict is for the answer. So no check of such
a task can be passed by an answer that does not stand, whatever the check looks at.
"""

import warnings
from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

import pytest

from bitsec_eval.core.errors import AnswerFault, SandboxError, SettingsError, TaskError
from bitsec_eval.core.matching.comparison_sheet import ComparisonSheet
from bitsec_eval.core.proof.chain import Chain
from bitsec_eval.core.proof.scenario import Scenario
from bitsec_eval.core.proof.verdict import ExploitVerdict, PatchVerdict, PocResult
from bitsec_eval.core.reports.report import Report
from bitsec_eval.core.text import one_line
from bitsec_eval.plugin.collection.tasks import CHECK, CollectedTask
from bitsec_eval.plugin.config.pytest_options import runs_nothing
from bitsec_eval.plugin.config.settings import Settings
from bitsec_eval.plugin.extension import EngineRequest
from bitsec_eval.plugin.loop import tell_refused, will_be_interrupted
from bitsec_eval.plugin.proof.case_files import CaseFiles
from bitsec_eval.plugin.proof.losses import losses
from bitsec_eval.plugin.proof.pocs import run_pocs
from bitsec_eval.plugin.proof.verdicts import Judged, compile_answer, judged, refuse, stands_of
from bitsec_eval.plugin.running.checked_run import CheckedRun
from bitsec_eval.sandbox.engines import refused_of, with_remedy
from bitsec_eval.sandbox.evm.answer_compiler import AnswerCompiler
from bitsec_eval.sandbox.evm.places import EvmSandboxes
from bitsec_eval.sandbox.image_names import EVM_IMAGE
from bitsec_eval.schedule.runs import RunKey, RunSpec

POCS_RUN, POCS_NOT_RUN = "run", "not run"


class PocsIgnored(UserWarning):
    """Findings brought pocs, and there is nothing to run them in."""


class ProofChecks:
    """Runs answers of one pytest process on EVMs; each run's is judged once, for all of its checks."""

    def __init__(self, settings: Settings, tasks: Mapping[str, CollectedTask]) -> None:
        self._settings = settings
        self._tasks = tasks
        self.files: dict[str, CaseFiles] = {}
        self._judged: dict[RunKey, Judged | AnswerFault] = {}
        self._places: EvmSandboxes | None = None
        self._pocs: dict[RunKey, tuple[PocResult, ...]] = {}
        self._ignores_pocs = ""
        self._refused: dict[str, str] = {}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Read the files of every task that is judged by running answers: what is wrong with one is found here."""
        for name in sorted({item.stash[CHECK].key.task for item in items if CHECK in item.stash}):
            task = self._tasks[name]
            if task.task.answer or task.task.takes_pocs:
                try:
                    self.files[name] = CaseFiles(task, self._settings.seed)
                except TaskError as error:
                    raise pytest.UsageError(f"{task.path}: {error}") from None

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Have EVMs and compilers ready while there are answers to run."""
        if not self.files or will_be_interrupted(session) or runs_nothing(session.config):
            return (yield)
        with ExitStack() as stack:
            try:
                self._places = stack.enter_context(self.opened())
                tell_refused(session.config, self._refused.values())
            except (SandboxError, SettingsError) as error:  # nothing has run yet
                if self._is_needed:  # the operator must act first
                    raise pytest.UsageError(str(error)) from error
                self._ignores_pocs = one_line(str(error))
            return (yield)

    @property
    def _is_needed(self) -> bool:
        """Whether there are answers that only an EVM can judge; a finding can be matched by its words as well."""
        return bool(self._settings.evm_image) or any(files.kind for files in self.files.values())

    @contextmanager
    def opened(self) -> Iterator[EvmSandboxes]:
        """Return EVMs and compilers, of which the first are being started.

        Raises:
            SandboxError, SettingsError: there is no engine, or no image.
        """
        request = self._request()
        with ExitStack() as stack:
            try:
                sandbox = stack.enter_context(self._settings.engine.open(request))
            except SandboxError as error:
                raise SandboxError(with_remedy(str(error), EVM_IMAGE)) from error
            self._refused = refused_of(sandbox)
            places = EvmSandboxes(sandbox)
            stack.callback(places.close)
            if self._is_needed:
                places.expect()
            yield places

    @property
    def plan(self) -> dict[str, Any]:
        """What the record says of pocs: whether they are run; nothing where no task takes them."""
        if all(files.kind for files in self.files.values()):
            return {}
        return {"pocs": POCS_RUN if self._places is not None else POCS_NOT_RUN}

    def served(self, work: RunSpec) -> RunSpec:
        """Return a run whose agent may have its answer compiled, where its task is judged by running it."""
        files = self.files.get(work.key.task)
        if files is None or not files.kind:
            return work
        kind = self._tasks[work.key.task].task.answer

        def compiled(text: str) -> None:
            if self._places is None:
                raise SandboxError("the evaluation has not begun")
            compile_answer(files, self._places, work.key.agent, kind, text)

        def prepare() -> None:
            if self._places is not None:
                self._places.prepare_compiler(work.key.agent)

        return replace(work, service=lambda line: AnswerCompiler(line, compiled, prepare))

    def sheet(self, key: RunKey) -> ComparisonSheet | None:
        """Return what an exploit or patch did where it ran, for the validator; None for other answers."""
        found = self._judged.get(key)
        if found is None:
            return None
        if isinstance(found, AnswerFault):
            return ComparisonSheet(proves=False, summary="not proven", notes=(one_line(str(found)),))
        verdict = found.verdict
        stands = stands_of(verdict)
        summary = "proven" if stands else "not proven"
        return ComparisonSheet(proves=stands, summary=summary, notes=(verdict.reason,), attacks=verdict.attacks)

    def proven(self, key: RunKey, report: Report) -> Report:
        """Return a run's report with the results of its pocs; they are run once, and on its agent's sandboxes.

        Raises:
            TaskError, SandboxError: a control failed, or a sandbox.
        """
        files = self.files.get(key.task)
        if files is None or files.kind or not any(finding.poc for finding in report.findings):
            return report
        if self._places is None:
            self._tell_ignored()
            return report
        if key not in self._pocs:
            self._pocs[key] = run_pocs(files, self._places, key.agent, report)
        return replace(report, pocs=self._pocs[key])

    def _tell_ignored(self) -> None:
        """Say once in each process that a report's pocs are left to their findings' words."""
        if self._ignores_pocs:
            with warnings.catch_warnings():  # where warnings are errors this is none: no check may fail by it
                warnings.simplefilter("always")
                told = f"pocs are not run, findings are matched by their words alone: {self._ignores_pocs}"
                warnings.warn(PocsIgnored(told), stacklevel=2)
            self._ignores_pocs = ""

    def _request(self) -> EngineRequest:
        """Return what asks for the EVM's image: as it was told, else by its name."""
        request, told = self._settings.engine_request, self._settings.evm_image
        if told and self._settings.engine.name == "oci":  # the folder itself
            return replace(request, image=told)
        return replace(request, task_image=told or EVM_IMAGE)

    @pytest.fixture
    def exploit(self, request: pytest.FixtureRequest, bitsec_run: CheckedRun) -> ExploitVerdict:
        """What the agent's exploit did; a check with an exploit that proves nothing has failed."""
        verdict = self._verdict(request.node, bitsec_run).verdict
        assert isinstance(verdict, ExploitVerdict)  # noqa: S101 - the task's fixtures were checked
        return verdict

    @pytest.fixture
    def patch(self, request: pytest.FixtureRequest, bitsec_run: CheckedRun) -> PatchVerdict:
        """What the agent's patch did; a check with a patch that is not accepted has failed."""
        verdict = self._verdict(request.node, bitsec_run).verdict
        assert isinstance(verdict, PatchVerdict)  # noqa: S101 - the task's fixtures were checked
        return verdict

    @pytest.fixture
    def chain(self, request: pytest.FixtureRequest, bitsec_run: CheckedRun) -> Iterator[Chain]:
        """A new chain with the contracts of the project: the patched one, or for an exploit the faulty one."""
        found = self._verdict(request.node, bitsec_run)
        with losses(request.node), self._open.lent(bitsec_run.key.agent) as machine:
            yield Chain(machine, found.build, found.case.seed, found.case.names)

    @pytest.fixture
    def scenario(self, bitsec_run: CheckedRun, chain: Chain) -> Scenario:
        """The task's scenario, deployed on `chain`."""
        scenario = self.files[bitsec_run.key.task].scenario(chain)
        scenario.deploy()
        return scenario

    def _verdict(self, item: pytest.Item, run: CheckedRun) -> Judged:
        """Return what came of running an answer.

        Raises:
            AnswerFault: the verdict is against it.
            TaskError, SandboxError: a control failed, or a sandbox.
        """
        if run.key not in self._judged:
            text = run.answers[0].text
            with losses(item):
                self._judged[run.key] = self._judge(run, text)
        found = self._judged[run.key]
        if isinstance(found, AnswerFault):
            raise AnswerFault(str(found), found.public)
        refuse(found.verdict)
        return found

    def _judge(self, run: CheckedRun, text: str) -> Judged | AnswerFault:
        try:
            return judged(self.files[run.key.task], self._open, run.key.agent, run.task.answer, text)
        except AnswerFault as fault:
            return fault

    @property
    def _open(self) -> EvmSandboxes:
        assert self._places is not None  # noqa: S101 - checks run inside pytest_runtestloop only
        return self._places
