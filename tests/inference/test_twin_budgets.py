"""What the first container of a run spends is nothing that the second can find out, by being refused or by asking.

A twin task runs an agent twice, in an order drawn by chance. Whoever could carry a number from the first container to
the second could compare the two projects, and so find the line that was mended.
"""

import json
import random
from pathlib import Path

import pytest
from inference.server import Server, answer
from inference.sessions import ask, gateway_to

from bitsec_eval.core.tasks.llm import LLM
from bitsec_eval.inference.gateway import Gateway, SessionKey
from bitsec_eval.inference.limits import TotalLimits

SHARE = 12
SMALL = {"messages": [{"role": "user", "content": "x"}], "max_tokens": 5}


def opened(gateway: Gateway, part: int, *, parts: int = 2, task: str = "t"):
    return gateway.session(SessionKey(agent="a", task=task, part=part, parts=parts), LLM())


def calls_until_refused(session) -> int:
    return next(count for count in range(100) if ask(session, SMALL).status == 429)


def seen_by_the_second(upstream: Server, folder: Path, spent: int) -> tuple[int, object]:
    """Return what the second container can find out after the first has made so many calls."""
    folder.mkdir()
    with gateway_to(upstream.url, folder, total=TotalLimits(calls=SHARE)) as gateway:
        gateway.backend.plan({"a": 1})
        first = opened(gateway, 1)
        for _ in range(spent):
            ask(first, SMALL)
        second = opened(gateway, 0)
        told = json.loads(ask(second, None, "/v1/usage", "GET").body)
        return calls_until_refused(second), told


@pytest.mark.parametrize("seed", range(3))
def test_the_second_container_cannot_tell_what_the_first_has_spent(upstream: Server, tmp_path: Path, seed: int):
    upstream.otherwise = answer("hello")
    spent = [0, SHARE, random.Random(seed).randint(1, SHARE - 1)]
    seen = [seen_by_the_second(upstream, tmp_path / str(number), number) for number in spent]

    assert seen == [seen[0]] * 3
    assert seen[0][0] == SHARE // 2


def test_one_container_alone_may_spend_all_that_is_left(upstream: Server, tmp_path: Path):
    """The control: without a limit for each container a number does cross over."""
    upstream.otherwise = answer("hello")
    with gateway_to(upstream.url, tmp_path, total=TotalLimits(calls=SHARE)) as gateway:
        gateway.backend.plan({"a": 2})
        for _ in range(5):
            ask(opened(gateway, 0, parts=1), SMALL)

        assert calls_until_refused(opened(gateway, 0, parts=1, task="u")) == SHARE - 5
