"""`try` without task suites: run an agent once on each prompt that a hub offers, and show what it printed.

What a task checks is not known here: a run that is in order may still score nothing.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

from bitsec_eval.agent_check.process import check
from bitsec_eval.core.errors import SettingsError
from bitsec_eval.core.tasks.task import PROOF_ANSWERS
from bitsec_eval.core.text import one_line, printable
from bitsec_eval.miner.hub import HubTask
from bitsec_eval.miner.writing.rehearsal import Rehearsal, engine, rehearsed
from bitsec_eval.sandbox.api import Sandbox
from bitsec_eval.support.terminal import log

SHOWN_LINES = 20
SHOWN_CHARACTERS = 4000


def try_on_prompts(source: bytes, tasks: Sequence[HubTask]) -> bool:
    """Run an agent on each task and print what came of it; return whether every run was in order.

    Raises:
        SettingsError: a hub would refuse the agent.
        SandboxError: no engine answers, or a sandbox failed.
    """
    libraries = frozenset[str]().union(*(task.libraries for task in tasks))
    log(*hubs_word(source, refuses=True, libraries=libraries))
    in_order = 0
    with ExitStack() as stack:
        sandboxes: dict[str, Sandbox] = {}
        for task in tasks:
            if task.image not in sandboxes:
                sandboxes[task.image] = stack.enter_context(engine(os.environ, task.image))
            done = rehearsed(source, task, sandboxes[task.image])
            in_order += not done.problem
            log(*_lines(task, done))
    log("", f"{in_order} of {len(tasks)} runs printed an answer of the form that the task asks for")
    log("no check was made: which points an answer gets, only an evaluation tells")
    return in_order == len(tasks)


def hubs_word(source: bytes, *, refuses: bool, libraries: frozenset[str] = frozenset()) -> list[str]:
    """Return a line for each thing that a hub would say of an agent, which may import `libraries` there.

    Raises:
        SettingsError: it would refuse the agent, and `refuses` is asked for.
    """
    checked = check(source, libraries=libraries)
    if checked.refusal is not None:
        words = (
            f"a hub would refuse it ({checked.refusal.reason}): {checked.refusal.sentence} {checked.refusal.remedy}"
        )
        if refuses:
            raise SettingsError(words)
        return [words]
    return [f"caution: {one_line(caution.sentence)}" for caution in checked.cautions]


def _lines(task: HubTask, done: Rehearsal) -> Iterator[str]:
    verdict = f"problem: {one_line(done.problem.splitlines()[0])}" if done.problem else "in order"
    yield f"{one_line(task.id, 120)}: {done.answer.seconds:.2f} s, {verdict}"
    if task.kind == "findings":
        yield "    (the task's files are the validator's; here the working directory was empty)"
    if task.kind in PROOF_ANSWERS:
        yield "    (the task's files are the validator's; here it saw a specimen, and nothing was compiled or run)"
    for name, stream, from_end in (("stdout", done.answer.stdout, False), ("stderr", done.answer.stderr, True)):
        yield from _stream(name, stream, from_end=from_end)


def _stream(name: str, stream: bytes, *, from_end: bool) -> Iterator[str]:
    lines = printable(stream[-SHOWN_CHARACTERS:] if from_end else stream, SHOWN_CHARACTERS).splitlines()
    if not lines:
        return
    shown = lines[-SHOWN_LINES:] if from_end else lines[:SHOWN_LINES]
    yield f"    {name}:" + (f" ({len(stream):,} bytes, cut)" if len(shown) < len(lines) else "")
    yield from (f"        {line}" for line in shown)
