"""A task checks itself, and every message names the field and what to do."""

import pytest

from bitsec_eval import Task, TaskError
from bitsec_eval.core.tasks.task import PROMPT_BYTES


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"prompt": ""}, "prompt must be a text that says what to do, got ''"),
        ({"prompt": 3}, "prompt must be a text"),
        ({"prompt": "a\0b"}, "prompt holds a NUL character, which no process can be given; remove it"),
        ({"prompt": "a\ud800"}, "prompt holds a lone surrogate at character 1; remove it"),
        ({"prompt": "x" * (PROMPT_BYTES + 1)}, "prompt is 120001 bytes, the most is 120000; put long material"),
        ({"timeout": 0}, "timeout must be positive seconds, got 0"),
        ({"timeout": float("nan")}, "timeout must be positive seconds, got nan"),
        ({"timeout": True}, "timeout must be positive seconds, got True"),
        ({"timeout": 1e9}, "wall_seconds must be positive and at most 86400, got 1000000000.0"),
        ({"call_timeout": "1"}, "call_timeout must be positive seconds, got '1'"),
        ({"weight": -1}, "weight must be a positive number, got -1"),
        ({"memory_mib": 0}, "memory_mib must be between 16 and 65536, got 0"),
        ({"memory_mib": 1.5}, "memory_mib must be a whole number, got 1.5"),
        ({"pids": None}, "pids must be a whole number, got None"),
        ({"cpus": 0}, "cpus must be between 0.01 and 256, got 0"),
        ({"output_bytes": 0}, "output_bytes must be positive and at most 67108864, got 0"),
        ({"workspace": ""}, "workspace must name a folder beside the test file, got ''"),
        ({"twin": "fixed"}, "twin 'fixed' has no workspace to be the twin of; give workspace= too"),
        ({"workspace": "w", "rename": "pay"}, "rename must list identifiers, got 'pay'"),
        ({"workspace": "w", "rename": ["a-b"]}, "rename must list identifiers, got 'a-b'"),
        ({"rename": ["pay"]}, "rename has no workspace to rename in; give workspace= too"),
    ],
)
def test_a_wrong_field_is_named(fields: dict, words: str):
    with pytest.raises(TaskError) as raised:
        Task(**{"prompt": "x"} | fields)

    assert words in str(raised.value)
    assert "\n" not in str(raised.value)


def test_limits_carry_what_the_task_says():
    task = Task(prompt="x", timeout=3, memory_mib=64, call_timeout=0.5)

    assert (task.limits.wall_seconds, task.limits.memory_mib, task.limits.call_seconds) == (3, 64, 0.5)
    assert (task.limits.pids, task.limits.cpus, task.limits.output_bytes) == (64, 1.0, 1 << 20)
