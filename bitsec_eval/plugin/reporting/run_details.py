"""Details of a run beside its answer: what it was asked, under which limits, and when."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bitsec_eval.core.tasks.task import Task
from bitsec_eval.core.text import printable
from bitsec_eval.core.usage import total_usage
from bitsec_eval.plugin.config.settings import Settings
from bitsec_eval.plugin.reporting.timeline import public_steps, steps_of
from bitsec_eval.schedule.runs import RunKey, RunResult

SHOWN_PROMPT = 16 << 10
SHOWN_EXCHANGE = 16 << 10
MOST_EXCHANGES = 50


def public_details(task: Task, done: RunResult, settings: Settings, image: str) -> Mapping[str, Any]:
    """Return what a run's public file tells beside its ending; nothing of its checks is known here."""
    usage = total_usage(answer.usage for answer in done.answers)
    return {
        "prompt": printable(task.prompt, SHOWN_PROMPT),
        "settings": {**asdict(task.limits), "image": task.image or image, "llm": settings.llm.mode, **_engines(done)},
        "attempts": done.attempts,
        "reused": done.reused,
        "timeline": list(public_steps(done)),
        "usage": asdict(usage) if usage else None,
    }


def _engines(done: RunResult) -> Mapping[str, str]:
    """Return by number on which of several engines a run was; what they are called is for the validator."""
    numbers = sorted({answer.engine_number for answer in done.answers} - {0})
    return {"engine": ", ".join(map(str, numbers))} if numbers else {}


def private_details(key: RunKey, done: RunResult, settings: Settings) -> Mapping[str, Any]:
    """Return what only the validator is told: exact times, and what was said to the LLM and by it."""
    has_record = settings.llm.mode == "record" and any(answer.usage for answer in done.answers)
    exchanges = list(_exchanges(settings.llm.recordings, key)) if has_record else []
    return {"timeline": list(steps_of(done)), "exchanges": exchanges}


def _exchanges(recordings: Path, key: RunKey) -> Iterator[str]:
    """Yield the run's questions to the LLM and what it got, as they were recorded."""
    from bitsec_eval.inference.gateway import SessionKey

    name = SessionKey(agent=key.agent, task=key.task, repeat=key.repeat)
    try:
        lines = (recordings / name.file).read_text("utf-8", "backslashreplace").splitlines()
    except OSError:
        return
    yield from (printable(line, SHOWN_EXCHANGE) for line in lines[:MOST_EXCHANGES])
