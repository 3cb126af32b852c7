"""The fixture `forge`: whether a patch mends the faults of a Foundry project, as its tests and hidden ones have it.

The controls of a case are run once in an evaluation, in a sandbox where no answer has ever been.
"""

from collections.abc import Generator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

import pytest

from bitsec_eval.core.errors import AnswerFault, BitsecError, SandboxError, SettingsError, TaskError
from bitsec_eval.core.proof.answer import parse_patch
from bitsec_eval.core.proof.foundry import Controls, FoundryCase, FoundryVerdict, judge_foundry_patch, run_controls
from bitsec_eval.plugin.collection.tasks import CHECK
from bitsec_eval.plugin.config.pytest_options import runs_nothing
from bitsec_eval.plugin.config.settings import Settings
from bitsec_eval.plugin.loop import tell_refused, will_be_interrupted
from bitsec_eval.plugin.proof.losses import losses
from bitsec_eval.plugin.proof_kinds import FORGE
from bitsec_eval.plugin.running.checked_run import CheckedRun
from bitsec_eval.sandbox.engines import refused_of, with_remedy
from bitsec_eval.sandbox.evm.forge import ForgeSandboxes
from bitsec_eval.sandbox.image_names import FOUNDRY_IMAGE
from bitsec_eval.schedule.runs import RunKey


@dataclass
class FoundryVerdicts:
    """What cases and answers of one pytest process came to: nothing is run twice."""

    controls: dict[str, Controls | BitsecError] = field(default_factory=dict)
    answers: dict[tuple[RunKey, str], FoundryVerdict | AnswerFault] = field(default_factory=dict)


class ForgeHandle:
    """`forge.mends(CASE, "H-01")`: True, or the check has failed with a line from a fixed list."""

    def __init__(self, item: pytest.Item, run: CheckedRun, places: ForgeSandboxes, known: FoundryVerdicts) -> None:
        self._item = item
        self._run = run
        self._places = places
        self._known = known

    def mends(self, case: FoundryCase, fault: str) -> bool:
        """Say that the agent's patch mends a fault of the case.

        Raises:
            AnswerFault: it does not.
            TaskError, SandboxError: a control failed, or a sandbox.
        """
        if fault not in {hidden.id for hidden in case.hidden}:
            known = ", ".join(hidden.id for hidden in case.hidden)
            raise TaskError(f"{case.name}: has no fault {fault!r}; there are {known}")
        mended = self._verdict(case).mended[fault]
        if not mended.ok:
            raise AnswerFault(mended.reason, mended.public or "the answer does not stand")
        return True

    def _verdict(self, case: FoundryCase) -> FoundryVerdict:
        key = (self._run.key, case.name)
        text = self._run.answers[0].text
        if key not in self._known.answers:
            with losses(self._item):
                controls = self._controls(case)
                self._known.answers[key] = self._judged(case, controls, text)
        found = self._known.answers[key]
        if isinstance(found, AnswerFault):
            raise AnswerFault(str(found), found.public)
        return found

    def _controls(self, case: FoundryCase) -> Controls:
        """Return what the case's tests do before any answer; a task's own fault stays what it is."""
        if case.name not in self._known.controls:
            try:
                self._known.controls[case.name] = self._places.run("", lambda forge: run_controls(case, forge))
            except TaskError as error:
                self._known.controls[case.name] = error
            except AnswerFault as fault:  # no answer is in there
                raise SandboxError(f"{case.name}: its own tests take forge down: {fault}") from fault
        found = self._known.controls[case.name]
        if isinstance(found, BitsecError):
            raise TaskError(str(found))
        return found

    def _judged(self, case: FoundryCase, controls: Controls, text: str) -> FoundryVerdict | AnswerFault:
        try:
            patched = parse_patch(text, case.files, case.editable)
            return self._places.run(
                self._run.key.agent, lambda forge: judge_foundry_patch(case, controls, forge, patched)
            )
        except AnswerFault as fault:
            return fault


class FoundryChecks:
    """Runs patches of one pytest process with forge; each run's is judged once, for all of its checks."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._places: ForgeSandboxes | None = None
        self._known = FoundryVerdicts()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Have forge's image at hand while there are answers to run with it."""
        used = any(CHECK in item.stash and FORGE in getattr(item, "fixturenames", ()) for item in session.items)
        if not used or will_be_interrupted(session) or runs_nothing(session.config):
            return (yield)
        with ExitStack() as stack:
            request = replace(self._settings.engine_request, task_image=FOUNDRY_IMAGE)
            try:
                sandbox = stack.enter_context(self._settings.engine.open(request))
            except (SandboxError, SettingsError) as error:  # nothing has run yet: the operator must act first
                raise pytest.UsageError(with_remedy(str(error), FOUNDRY_IMAGE)) from error
            tell_refused(session.config, refused_of(sandbox).values())
            self._places = ForgeSandboxes(sandbox)
            stack.callback(self._places.close)
            return (yield)

    @pytest.fixture
    def forge(self, request: pytest.FixtureRequest, bitsec_run: CheckedRun) -> ForgeHandle:
        """Says of the agent's patch which faults of a Foundry project it mends."""
        assert self._places is not None  # noqa: S101 - checks run inside pytest_runtestloop only
        return ForgeHandle(request.node, bitsec_run, self._places, self._known)
