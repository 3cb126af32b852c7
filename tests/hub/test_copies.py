"""First seen keeps its place: copies of another miner's agent are flagged, or refused where that is wanted."""

import inspect
import random
import shlex

import pytest

from bitsec_eval.core.agents.similarity import Likeness, resemblance
from bitsec_eval.hub.uploads.duplicates import SIMILAR, Duplicates, Upload
from tests.hub.conftest import RunningHub, StartHub, agent

PROGRAM = inspect.getsource(shlex).encode() + agent()


def test_an_exact_copy_is_flagged_with_whose_it_was_and_since_when(hub: RunningHub):
    first = hub.upload("author", PROGRAM).json()

    copy = hub.upload("copier", PROGRAM).json()

    assert first["copy_of"] is None
    assert copy["copy_of"] == {"miner_id": "author", "time": first["time"], "kind": "exact"}


def test_renaming_reformatting_and_other_comments_do_not_hide_a_copy(hub: RunningHub):
    hub.upload("author2", agent(5))
    disguised = agent(5).replace(b"parser", b"p").replace(b'"""An agent."""', b"# mine").replace(b"    ", b"  ")

    assert hub.upload("copier2", disguised).json()["copy_of"]["kind"] == "renamed"


def test_a_changed_copy_is_a_warning(hub: RunningHub):
    hub.upload("author3", PROGRAM + b"\nx = 1")

    warnings = hub.upload("copier3", PROGRAM + b"\nprint('mine')\n").json()["warnings"]

    assert [warning["reason"] for warning in warnings] == ["similar"]
    assert "author" in warnings[0]["sentence"]


def test_a_miner_may_build_on_his_own_earlier_version(hub: RunningHub):
    token = hub.upload("self", b"y = 1\n" + agent(77)).json()["token"]

    again = hub.upload("self", b"z = 1\n" + agent(77), token=token).json()

    assert (again["copy_of"], again["warnings"]) == (None, [])


def test_the_board_and_the_api_tell_of_a_copy(hub: RunningHub):
    hub.upload("author4", agent(44))
    hub.upload("copier4", agent(44))

    assert hub.get("/agents/copier4").json()["standing"]["copy_of"]["miner_id"] == "author4"
    assert "copy of author4" in hub.get("/").text
    assert "Exact copy" in hub.get("/miners/copier4").text


def test_copies_are_refused_where_the_operator_wants_that(start_hub: StartHub):
    hub = start_hub("--copies=refuse")
    first = hub.upload("author", agent(1)).json()

    answer = hub.upload("copier", agent(1).replace(b"parser", b"p"))

    assert (answer.status_code, answer.json()["reason"]) == (409, "copy")
    assert f"author uploaded at {first['time']}" in answer.json()["sentence"]
    assert not list(hub.agents.rglob("copier*"))
    assert hub.upload("copier", agent(2)).status_code == 201


def test_a_restarted_hub_still_knows_who_was_first(start_hub: StartHub):
    hub = start_hub()
    hub.upload("author", PROGRAM)
    hub.stop()

    again = start_hub()

    assert again.upload("copier", PROGRAM).json()["copy_of"]["miner_id"] == "author"
    assert again.upload("other", PROGRAM + b"\nx = 2").json()["warnings"][0]["reason"] == "similar"


def _upload(miner_id: str, structure: str = "s") -> Upload:
    return Upload(
        miner_id=miner_id, sha256=miner_id, time="t", likeness=Likeness(structure=structure, prints=frozenset())
    )


def test_the_first_of_several_is_named_whatever_the_order_of_restoring():
    seen = Duplicates()
    for sequence, miner_id in ((7, "late"), (3, "first"), (5, "middle")):
        seen.restore(_upload(miner_id), sequence)

    place = seen.take_place(_upload("copier"))
    assert (place.sequence, place.copy_of.miner_id) == (8, "first")


def test_a_small_program_inside_a_much_larger_one_is_seen_both_ways():
    small, large = frozenset(range(0, 600, 10)), frozenset(range(10_000))

    for first, second in ((small, large), (large, small)):
        seen = Duplicates()
        seen.restore(_with_prints("author", first), 1)
        [warning] = seen.take_place(_with_prints("other", second)).warnings

        assert warning.sentence == "100% of the smaller program's shape is also in author's of t."
        assert seen.take_place(_with_prints("third", frozenset(range(20_000, 30_000)))).warnings == ()


def _with_prints(miner_id: str, prints: frozenset[int]) -> Upload:
    return Upload(miner_id=miner_id, sha256=miner_id, time="t", likeness=Likeness(structure=miner_id, prints=prints))


def test_an_upload_that_was_not_stored_is_forgotten():
    seen = Duplicates()
    seen.withdraw(seen.take_place(_upload("failed")).sequence)

    assert seen.take_place(_upload("next")).copy_of is None


def test_the_author_of_the_first_is_never_called_a_copier():
    seen = Duplicates()
    for miner_id in ("author", "copier"):
        seen.take_place(_upload(miner_id))

    assert seen.take_place(_upload("author")).copy_of is None


def _by_going_through_all(uploads: list[Upload], new: Upload) -> str | None:
    """Return whose the first upload is that is alike, as plain as can be."""
    for each in uploads:
        if resemblance(new.likeness.prints, each.likeness.prints, len(each.likeness.prints)) >= SIMILAR:
            return each.miner_id
    return None


def _relative(chance: random.Random, number: int, before: list[Upload]) -> Upload:
    """Return an upload that has most, some or nothing of an earlier one, and may be far larger or smaller."""
    family = list(chance.choice(before).likeness.prints) if before else []
    kept = chance.sample(family, round(len(family) * chance.choice((0, 0.1, 0.5, 0.89, 0.9, 0.91, 1))))
    added = [chance.getrandbits(32) for _ in range(chance.choice((0, 1, 5, 45, 60, 400)))]
    prints = frozenset(kept + added)
    return Upload(
        miner_id=f"m{number}", sha256=str(number), time="t", likeness=Likeness(structure=str(number), prints=prints)
    )


@pytest.mark.parametrize("seed", range(8))
def test_the_indexes_find_the_same_first_one_as_going_through_all(seed: int):
    chance = random.Random(seed)
    seen, before, alike = Duplicates(), [], 0
    for number in range(150):
        new = _relative(chance, number, before)
        place = seen.take_place(new)
        first = _by_going_through_all(before, new)

        told = place.warnings[0].sentence if place.warnings else None
        assert (f"also in {first}'s" in told) if told and first else told is first
        alike += first is not None
        if chance.random() < 0.2:
            seen.withdraw(place.sequence)
        else:
            before.append(new)
    assert 10 < alike < 140


def test_of_uploads_with_the_same_fingerprints_the_first_stands_for_all():
    shape, other = frozenset(range(0, 4000, 4)), frozenset(range(1, 4001, 4))
    seen = Duplicates()
    for sequence, miner_id in ((9, "late"), (4, "first"), (6, "middle")):
        seen.restore(_with_prints(miner_id, shape), sequence)
    assert len(list(seen._candidates(seen._compared(_with_prints("new", shape), 10)))) == 1
    for withdrawn, named in ((None, "first's"), (4, "middle's"), (6, "late's")):
        if withdrawn is not None:
            seen.withdraw(withdrawn)
        place = seen.take_place(_with_prints("new", shape | {2}))
        assert named in place.warnings[0].sentence
        seen.withdraw(place.sequence)

    seen.withdraw(9)
    assert seen.take_place(_with_prints("new", shape)).warnings == ()
    assert seen.take_place(_with_prints("newer", other)).warnings == ()


def test_an_upload_is_compared_with_few_of_many_that_share_a_template():
    chance = random.Random(1)
    template = [chance.getrandbits(32) for _ in range(100)]
    seen = Duplicates()
    for number in range(1000):
        prints = frozenset(template + [chance.getrandbits(32) for _ in range(200)])
        new = Upload(
            miner_id=f"m{number}",
            sha256=str(number),
            time="t",
            likeness=Likeness(structure=str(number), prints=prints),
        )
        compared = len(list(seen._candidates(seen._compared(new, number + 1))))
        assert compared <= 40, number
        assert not seen.take_place(new).warnings
