"""Pauses double up to a longest one; jitter takes off half at most; a success forgets."""

import pytest

from bitsec_eval.support.backoff import Backoff, pause_seconds


@pytest.mark.parametrize(("failures", "seconds"), [(1, 0.5), (2, 1.0), (4, 4.0), (5, 5.0), (10**6, 5.0)])
def test_pauses_double_up_to_the_longest(failures: int, seconds: float):
    assert pause_seconds(failures, 0.5, 5.0) == seconds


def test_jitter_leaves_at_least_half_and_differs():
    pauses = {pause_seconds(3, 1.0, 60.0, jitter=True) for _ in range(50)}

    assert all(2.0 <= pause <= 4.0 for pause in pauses)
    assert len(pauses) > 1


def test_what_failed_is_left_alone_until_its_pause_is_over():
    now = [100.0]
    backoff = Backoff(10.0, 60.0, lambda: now[0])

    assert backoff.failed("agent") == 10.0
    assert not backoff.is_over("agent")
    assert backoff.is_over("another")
    now[0] += 10.0
    assert backoff.is_over("agent")
    assert backoff.failed("agent") == 20.0


def test_a_success_forgets():
    backoff = Backoff(10.0, 60.0, lambda: 0.0)
    backoff.failed("agent")
    backoff.failed("agent")

    backoff.succeeded("agent")

    assert backoff.is_over("agent")
    assert backoff.failed("agent") == 10.0
