"""What an agent's author may read of a run beside its answer: what it was asked, under which limits, and when."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bitsec_eval.core.task import Task
from bitsec_eval.core.text import printable
from bitsec_eval.core.usage import total_usage
from bitsec_eval.plugin.settings import Settings
from bitsec_eval.schedule.work import Done, RunKey

SHOWN_PROMPT = 16 << 10
SHOWN_EXCHANGE = 16 << 10
MOST_EXCHANGES = 50


def trace_of(key: RunKey, task: Task, done: Done, settings: Settings, image: str) -> Mapping[str, Any]:
    """Return what a run's file tells; nothing of its checks is known here."""
    usage = total_usage(answer.usage for answer in done.answers)
    return {
        "repeat": key.repeat,
        "prompt": printable(task.prompt, SHOWN_PROMPT),
        "settings": {**asdict(task.limits), "image": image, "llm": settings.llm.mode},
        "attempts": done.attempts,
        "reused": done.reused,
        "timeline": list(_timeline(done)),
        "usage": asdict(usage) if usage else None,
        "exchanges": list(_exchanges(settings.llm.recordings, key))
        if usage and settings.llm.mode == "record"
        else [],
    }


def _timeline(done: Done) -> Iterator[Mapping[str, Any]]:
    """Yield what happened when, in seconds since the run was queued."""
    at = done.waited_seconds
    yield {"what": "queued", "at": 0.0}
    if done.reused:
        return
    yield {"what": "started", "at": round(at, 3)}
    for answer, where in zip(done.answers, ("", " on the twin"), strict=False):
        if answer.first_byte_seconds is not None:
            yield {"what": f"first byte of the answer{where}", "at": round(at + answer.first_byte_seconds, 3)}
        at += answer.seconds
        yield {"what": f"{answer.ending}{where}", "at": round(at, 3)}


def _exchanges(recordings: Path, key: RunKey) -> Iterator[str]:
    """Yield the run's questions to the LLM and what it got, as they were recorded."""
    from bitsec_eval.inference.gateway import LineName

    name = LineName(agent=key.agent, task=key.task, repeat=key.repeat)
    try:
        lines = (recordings / name.file).read_text("utf-8", "backslashreplace").splitlines()
    except OSError:
        return
    yield from (printable(line, SHOWN_EXCHANGE) for line in lines[:MOST_EXCHANGES])
