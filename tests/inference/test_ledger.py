"""No budget is ever exceeded by a token: not by many at once, several processes, a kill or a long sleep."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from bitsec_eval.core.errors import InferenceError
from bitsec_eval.inference.billing import Bill
from bitsec_eval.inference.cost import Cost
from bitsec_eval.inference.ledger import Ledger, LedgerAccount, OverBudgetError

ROOT = Path(__file__).parents[2]
CALL = Cost(calls=1, prompt_tokens=10, completion_tokens=5, pico_dollars=100)
PLENTY = Cost.of(*[10**12] * 4)


def of(agent: str) -> LedgerAccount:
    return LedgerAccount(agent, f"{agent}/task")


def bill(cost: Cost) -> Bill:
    return Bill(listed=cost, paid=cost)


RUN = of("run")


@contextmanager
def opened(path: Path, total: Cost = PLENTY) -> Iterator[Ledger]:
    with closing(Ledger(path, total)) as ledger:
        yield ledger


def test_a_call_is_reserved_at_its_most_and_settled_at_what_it_cost(tmp_path: Path):
    with opened(tmp_path / "ledger") as ledger:
        reservation = ledger.reserve(RUN, CALL, PLENTY)

        assert ledger.spent(RUN) == CALL
        ledger.settle(reservation, bill(Cost(calls=1, prompt_tokens=3)))
        assert ledger.spent(RUN) == ledger.total() == Cost(calls=1, prompt_tokens=3)


def test_what_does_not_fit_is_refused_with_what_is_left(tmp_path: Path):
    budget = Cost(calls=5, prompt_tokens=25, completion_tokens=100, pico_dollars=1000)
    with opened(tmp_path / "ledger") as ledger:
        ledger.reserve(RUN, CALL, budget)
        ledger.reserve(RUN, CALL, budget)

        with pytest.raises(OverBudgetError) as over:
            ledger.reserve(RUN, CALL, budget)

        assert (over.value.term, over.value.left, over.value.limit, over.value.shared) == (
            "prompt_tokens",
            5,
            25,
            False,
        )
        assert ledger.spent(RUN).calls == 2


def test_runs_do_not_share_a_budget_but_the_evaluation_has_one(tmp_path: Path):
    one, three = Cost.of(1, 99, 99, 999), Cost.of(3, 99, 99, 999)
    with opened(tmp_path / "ledger", three) as ledger:
        for run in ("a", "b", "c"):
            ledger.reserve(of(run), CALL, one)

        with pytest.raises(OverBudgetError) as over:
            ledger.reserve(of("d"), CALL, one)

        assert over.value.shared
        assert not over.value.own_doing
        assert ledger.spent(of("a")) == ledger.spent(of("b")) == CALL
        assert ledger.spent(of("d")) == Cost()


def test_many_threads_get_exactly_what_the_budget_allows(tmp_path: Path):
    budget = Cost.of(10**6, 10 * 137, 10**6, 10**6)
    taken: list[int] = []
    with opened(tmp_path / "ledger") as ledger:

        def take() -> None:
            for _ in range(10):
                try:
                    ledger.reserve(RUN, CALL, budget)
                    taken.append(1)
                except OverBudgetError:
                    return

        threads = [threading.Thread(target=take) for _ in range(40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(taken) == 137
        assert ledger.spent(RUN).prompt_tokens == 1370


TAKING = """
import sys
from pathlib import Path
from bitsec_eval.inference.cost import Cost
from bitsec_eval.inference.ledger import LedgerAccount, Ledger, OverBudgetError
ledger, taken = Ledger(Path(sys.argv[1]), Cost(calls=100)), 0
try:
    while True:
        ledger.reserve(LedgerAccount(sys.argv[2], sys.argv[2] + "/t"), Cost(calls=1), Cost(calls=10**6))
        taken += 1
except OverBudgetError:
    print(taken)
ledger.close()
"""


def test_several_processes_share_one_budget(tmp_path: Path):
    command = [sys.executable, "-c", TAKING, str(tmp_path / "ledger")]
    processes = [
        subprocess.Popen([*command, name], stdout=subprocess.PIPE, text=True, cwd=ROOT) for name in ("a", "b", "c")
    ]
    taken = [int(process.communicate(timeout=60)[0]) for process in processes]

    assert sum(taken) == 100


KILLED = """
import sys, time
from pathlib import Path
from bitsec_eval.inference.billing import Bill
from bitsec_eval.inference.cost import Cost
from bitsec_eval.inference.ledger import LedgerAccount, Ledger
call, plenty, less = Cost(calls=1, prompt_tokens=10), Cost.of(*[10**9] * 4), Cost(calls=1, prompt_tokens=4)
run, other = LedgerAccount("run", "run/task"), LedgerAccount("other", "other/task")
ledger = Ledger(Path(sys.argv[1]), plenty)
ledger.settle(ledger.reserve(run, call, plenty), Bill(listed=less, paid=less))
ledger.reserve(run, call, plenty)
print("there", flush=True)
while True:
    ledger.reserve(other, call, plenty)
"""


def test_a_kill_forgets_nothing(tmp_path: Path):
    for attempt in range(3):
        path = tmp_path / f"ledger{attempt}"
        process = subprocess.Popen([sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, cwd=ROOT)
        assert process.stdout is not None
        process.stdout.readline()
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()

        with opened(path) as ledger:
            assert ledger.spent(RUN) == Cost(calls=2, prompt_tokens=14)
            assert ledger.total() == ledger.spent(RUN) + ledger.spent(of("other"))


def test_a_restart_and_ten_idle_minutes_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path, budget = tmp_path / "ledger", Cost.of(2, 99, 99, 999)
    with opened(path) as ledger:
        ledger.settle(ledger.reserve(RUN, CALL, budget), bill(CALL))
        ledger.reserve(RUN, CALL, budget)
        before = ledger.spent(RUN)

    now, monotonic = time.time, time.monotonic
    monkeypatch.setattr("time.time", lambda: now() + 600)
    monkeypatch.setattr("time.monotonic", lambda: monotonic() + 600)
    os.utime(path, (0, 0))

    with opened(path) as ledger:
        assert ledger.spent(RUN) == before
        with pytest.raises(OverBudgetError):
            ledger.reserve(RUN, CALL, budget)


def test_a_line_cut_short_was_promised_to_nobody_and_spoils_no_other(tmp_path: Path):
    path = tmp_path / "ledger"
    with opened(path) as ledger:
        ledger.reserve(RUN, CALL, PLENTY)
    path.write_bytes(path.read_bytes() + b'{"reserve": "cut", "of": "run/task", "calls"')

    with opened(path) as ledger:
        assert ledger.spent(RUN) == CALL
        ledger.reserve(RUN, CALL, PLENTY)
    with opened(path) as ledger:
        assert ledger.spent(RUN) == CALL + CALL


def test_a_neighbour_that_dies_in_the_middle_of_a_line_spoils_none_of_ours(tmp_path: Path):
    path = tmp_path / "ledger"
    with opened(path) as ours, opened(path) as other:
        ours.reserve(RUN, CALL, PLENTY)
        with path.open("ab") as file:
            file.write(b'{"reserve": "cut"')
        ours.reserve(RUN, CALL, PLENTY)

        assert ours.spent(RUN) == other.spent(RUN) == CALL + CALL


def test_what_no_answer_came_for_is_the_evaluations_loss_and_not_the_runs(tmp_path: Path):
    total = Cost.of(2, 99, 99, 999)
    with opened(tmp_path / "ledger", total) as ledger:
        again = ledger.rereserve(ledger.reserve(RUN, CALL, PLENTY))

        assert (ledger.spent(RUN), ledger.total()) == (CALL, CALL + CALL)
        with pytest.raises(OverBudgetError):
            ledger.rereserve(again)
        assert (ledger.spent(RUN), ledger.total()) == (CALL, CALL + CALL)
        ledger.charge_as_lost(again)
        assert (ledger.spent(RUN), ledger.total()) == (Cost(), CALL + CALL)


def test_a_reservation_is_on_disk_before_anything_is_done_with_it(tmp_path: Path):
    path = tmp_path / "ledger"
    with opened(path) as ledger:
        reservation = ledger.reserve(RUN, CALL, PLENTY)
        reservation.kept.result(timeout=10)

        assert json.loads(path.read_text())["reserve"] == reservation.id


def test_a_ledger_that_cannot_be_written_is_our_failure(tmp_path: Path):
    with pytest.raises(InferenceError, match="failed .*; free or mend that disk"):
        Ledger(tmp_path, PLENTY)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_our_failure(tmp_path: Path):
    (tmp_path / "ledger").symlink_to("/dev/full")
    with opened(tmp_path / "ledger") as ledger, pytest.raises(InferenceError, match="No space left"):
        ledger.reserve(RUN, CALL, PLENTY)


# -- shares


def test_calls_that_cost_more_than_listed_use_up_the_agents_share_and_nobody_elses(tmp_path: Path):
    dear = Cost(calls=1, pico_dollars=40)
    with opened(tmp_path / "ledger", Cost.of(100, 10**6, 10**6, 80)) as ledger:
        ledger.plan({"dear": 1, "plain": 1})
        listed = Cost(calls=1, pico_dollars=10)
        ledger.settle(ledger.reserve(of("dear"), listed, PLENTY), Bill(listed=listed, paid=dear))
        with pytest.raises(OverBudgetError) as over:
            ledger.reserve(of("dear"), listed, PLENTY)

        assert over.value.own_doing
        assert ledger.spent(of("dear")) == listed
        ledger.reserve(of("plain"), dear, PLENTY)


def test_nobody_can_spend_what_others_runs_still_need(tmp_path: Path):
    with opened(tmp_path / "ledger", Cost.of(8, 10**6, 10**6, 10**6)) as ledger:
        ledger.plan({"greedy": 2, "modest": 2})
        for _ in range(4):
            ledger.reserve(of("greedy"), CALL, PLENTY)
        with pytest.raises(OverBudgetError) as over:
            ledger.reserve(of("greedy"), CALL, PLENTY)

        assert (over.value.shared, over.value.own_doing, over.value.left) == (True, True, 0)
        for _ in range(4):
            ledger.reserve(of("modest"), CALL, PLENTY)


def test_what_an_agent_left_over_is_free_for_others_once_all_its_runs_have_ended(tmp_path: Path):
    path = tmp_path / "ledger"
    with (
        opened(path, Cost.of(8, 10**6, 10**6, 10**6)) as ledger,
        opened(path, Cost.of(8, 10**6, 10**6, 10**6)) as other,
    ):
        for each in (ledger, other):
            each.plan({"greedy": 2, "modest": 2})
        other.end_run("modest")
        for _ in range(4):
            ledger.reserve(of("greedy"), CALL, PLENTY)
        with pytest.raises(OverBudgetError):
            ledger.reserve(of("greedy"), CALL, PLENTY)
        other.reserve(of("modest"), CALL, PLENTY)
        other.end_run("modest")
        for _ in range(3):
            ledger.reserve(of("greedy"), CALL, PLENTY)
        with pytest.raises(OverBudgetError):
            ledger.reserve(of("greedy"), CALL, PLENTY)


def test_who_asks_nothing_in_one_run_cannot_void_the_next_by_a_share_that_others_took(tmp_path: Path):
    with opened(tmp_path / "ledger", Cost.of(8, 10**6, 10**6, 10**6)) as ledger:
        ledger.plan({"greedy": 2, "uneven": 2})
        ledger.end_run("uneven")
        with pytest.raises(OverBudgetError):
            for _ in range(9):
                ledger.reserve(of("greedy"), CALL, PLENTY)
        for _ in range(4):
            ledger.reserve(of("uneven"), CALL, PLENTY)
        with pytest.raises(OverBudgetError) as over:
            ledger.reserve(of("uneven"), CALL, PLENTY)

        assert over.value.own_doing


def test_tries_that_nobody_proved_to_be_the_providers_fault_take_nothing_from_others(tmp_path: Path):
    with opened(tmp_path / "ledger", Cost.of(8, 10**6, 10**6, 10**6)) as ledger:
        ledger.plan({"failing": 1, "honest": 1})
        failing = ledger.reserve(of("failing"), CALL, PLENTY)
        for _ in range(3):
            failing = ledger.rereserve(failing)
        with pytest.raises(OverBudgetError) as over:
            ledger.rereserve(failing)

        assert over.value.own_doing
        for _ in range(4):
            ledger.reserve(of("honest"), CALL, PLENTY)


def test_tries_that_the_provider_failed_are_the_evaluations_loss(tmp_path: Path):
    with opened(tmp_path / "ledger", Cost.of(4, 10**6, 10**6, 10**6)) as ledger:
        ledger.plan({"one": 1, "other": 1})
        again = ledger.rereserve(ledger.reserve(of("one"), CALL, PLENTY))
        ledger.acquit(of("one"), CALL)
        ledger.charge_as_lost(again)

        assert (ledger.spent(of("one")), ledger.total()) == (Cost(), CALL + CALL)
        for name in ("one", "other"):
            ledger.reserve(of(name), CALL, PLENTY)


def test_what_a_provider_lost_shortens_everybodys_share_and_is_nobodys_doing(tmp_path: Path):
    with opened(tmp_path / "ledger", Cost.of(4, 10**6, 10**6, 10**6)) as ledger:
        ledger.plan({"one": 1, "other": 1})
        for _ in range(2):
            ledger.charge_as_lost(ledger.reserve(of("one"), CALL, PLENTY))
        ledger.reserve(of("one"), CALL, PLENTY)
        with pytest.raises(OverBudgetError) as over:
            ledger.reserve(of("one"), CALL, PLENTY)

        assert not over.value.own_doing
        ledger.reserve(of("other"), CALL, PLENTY)


def test_a_request_that_was_to_blame_pays_for_its_tries(tmp_path: Path):
    with opened(tmp_path / "ledger") as ledger:
        ledger.rereserve(ledger.reserve(RUN, CALL, PLENTY))
        ledger.blame(RUN, CALL)

        assert ledger.spent(RUN) == ledger.total() == CALL + CALL


def test_an_account_is_charged_as_listed_and_the_evaluation_what_is_paid(tmp_path: Path):
    with opened(tmp_path / "ledger") as ledger:
        paid = Cost(calls=1, prompt_tokens=10, completion_tokens=5, pico_dollars=40)
        ledger.settle(ledger.reserve(RUN, CALL, PLENTY), Bill(listed=CALL, paid=paid))
        ledger.charge_validator(Cost(calls=1, pico_dollars=7))

        assert (ledger.spent(RUN), ledger.total()) == (CALL, paid)
    with opened(tmp_path / "ledger") as ledger:
        assert (ledger.spent(RUN), ledger.total()) == (CALL, paid)
