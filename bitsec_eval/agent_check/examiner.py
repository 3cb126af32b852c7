"""The process that parses agents: started by `bitsec_eval.agent_check.process` as a script, never imported.

It limits itself before it reads anything: a source that exhausts memory or time ends this process and no other.
It speaks frames on stdin and stdout (four bytes of length, then the bytes) and ends when stdin does, so it never
outlives who asked.
"""

import gc
import json
import math
import resource
import struct
import sys
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # python -I looks nowhere else for us

from bitsec_eval.core.agents.agent_check import SANDBOX_PYTHON, TOO_COMPLEX, Examination, examine
from bitsec_eval.core.agents.similarity import likeness

CPU_SECONDS = 3
MEMORY_MIB = 768
OPEN_FILES = 16


def serve(asked: BinaryIO, answered: BinaryIO) -> None:
    """Answer sources until there are no more; the first frame says which Python's syntax is read.

    Each source comes in two frames: the modules that it may import beside the standard library's, with spaces between
    them, and the source.
    """
    _write(answered, {"python": ".".join(map(str, min(sys.version_info[:2], SANDBOX_PYTHON)))})
    while (libraries := _read(asked)) is not None and (source := _read(asked)) is not None:
        begun = _allow_cpu()
        _write(
            answered,
            _verdict(source, frozenset(libraries.decode().split())) | {"cpu_seconds": _cpu_seconds() - begun},
        )


def _verdict(source: bytes, libraries: frozenset[str]) -> dict[str, object]:
    try:
        found = examine(source, libraries)
        return _facts(found) | _comparable(found)
    except (MemoryError, RecursionError):
        return _facts(Examination(refusal=TOO_COMPLEX))


def _facts(found: Examination) -> dict[str, object]:
    refusal = asdict(found.refusal) if found.refusal else None
    return {"refusal": refusal, "cautions": [asdict(caution) for caution in found.cautions]}


def _comparable(found: Examination) -> dict[str, object]:
    if found.tree is None:
        return {}
    kept = likeness(found.tree)
    return {"structure": kept.structure, "prints": sorted(kept.prints)}


def _read(stream: BinaryIO) -> bytes | None:
    head = stream.read(4)
    return stream.read(struct.unpack(">I", head)[0]) if len(head) == 4 else None


def _write(stream: BinaryIO, answer: dict[str, object]) -> None:
    encoded = json.dumps(answer).encode()
    stream.write(struct.pack(">I", len(encoded)) + encoded)
    stream.flush()


def _allow_cpu() -> float:
    """Give the next source its own CPU seconds, over which the kernel ends this process; return those used so far."""
    used = _cpu_seconds()
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(used) + CPU_SECONDS, resource.RLIM_INFINITY))
    return used


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _limit_self() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MIB << 20, MEMORY_MIB << 20))
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _allow_cpu()


if __name__ == "__main__":
    _limit_self()
    gc.disable()  # a syntax tree has no cycles, and looking for some takes a tenth of the time
    serve(sys.stdin.buffer, sys.stdout.buffer)
