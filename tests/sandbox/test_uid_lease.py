"""Containers are swept only when the validator that started them is gone, and users are never shared."""

import multiprocessing
import os
import platform
import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest
from sandbox.sessions import answer_of

from bitsec_eval.core.errors import SandboxError
from bitsec_eval.sandbox.docker.engine import DockerSandbox
from bitsec_eval.sandbox.hardening.policy import UIDS
from bitsec_eval.sandbox.oci.engine import OciSandbox
from bitsec_eval.sandbox.uid_lease import LABEL, LEASE_UIDS, LEASES, lease_uids


def block_of(uid: int) -> int:
    return UIDS.index(uid) // LEASE_UIDS


def test_two_validators_hold_different_users(tmp_path: Path):
    with lease_uids(tmp_path) as one, lease_uids(tmp_path) as other, one.uid() as uid, other.uid() as another:
        assert one.labels != other.labels
        assert block_of(uid) != block_of(another)


def test_validators_with_different_folders_hold_different_users(tmp_path: Path):
    with (
        lease_uids(tmp_path / "one") as one,
        lease_uids(tmp_path / "other") as other,
        one.uid() as uid,
        other.uid() as another,
    ):
        assert block_of(uid) != block_of(another)


def test_sandboxes_of_two_engines_are_of_different_users(engine: DockerSandbox, oci_engine: OciSandbox):
    uids = [int(answer_of(each, "import os\nprint(os.getuid())\n").text) for each in (engine, oci_engine)]

    assert block_of(uids[0]) != block_of(uids[1])


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to have a process of another user")
def test_users_who_have_a_process_already_are_passed_over(tmp_path: Path):
    with lease_uids(tmp_path) as mine, mine.uid() as uid:
        first = mine.block
    with subprocess.Popen(["sleep", "60"], user=uid) as orphan, lease_uids(tmp_path) as mine:
        found = mine.block
        swept = mine.left_by_the_dead(str(first))
        orphan.kill()

    assert found != first
    assert swept


def test_a_living_validators_containers_are_left_alone_and_a_dead_ones_are_not(tmp_path: Path):
    with lease_uids(tmp_path) as mine:
        with lease_uids(tmp_path) as theirs:
            labels = theirs.labels
            assert not mine.abandoned(labels)
        assert mine.abandoned(labels)
        assert mine.abandoned(mine.labels)  # held by us, so whatever carries it is from before


@pytest.mark.parametrize(
    ("part", "other"),
    [
        (platform.node() + ":", "elsewhere:"),
        (":boot=", "/other:boot="),
        (":folder=", ":folder=1"),  # the same path in another container's or chroot's view
        (":block=", ":block=x"),
        (":boot=", ""),
    ],
)
def test_what_is_not_known_to_be_dead_is_left_alone(tmp_path: Path, part: str, other: str):
    with lease_uids(tmp_path) as mine:
        label = mine.labels[LABEL]
        assert mine.abandoned({LABEL: label})

        assert not mine.abandoned({LABEL: label.replace(part, other)})
        assert not mine.abandoned({})


def test_no_validator_outlives_a_restart_of_its_machine(tmp_path: Path):
    with lease_uids(tmp_path) as mine, lease_uids(tmp_path) as theirs:
        assert mine.abandoned({LABEL: theirs.labels[LABEL].replace(":boot=", ":boot=before-")})


def _hold(folder: Path, ready: "multiprocessing.synchronize.Event") -> None:
    with lease_uids(folder):
        ready.set()
        multiprocessing.Event().wait()


def test_the_kernel_frees_the_block_of_a_validator_that_was_killed(tmp_path: Path):
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    process = context.Process(target=_hold, args=(tmp_path, ready))
    process.start()
    assert ready.wait(30)
    with lease_uids(tmp_path) as mine:
        others = [str(block) for block in range(LEASES) if block != mine.block]
        (held,) = [block for block in others if not mine.left_by_the_dead(block)]
        process.kill()
        process.join()

        assert mine.left_by_the_dead(held)


def test_a_validator_with_more_sandboxes_than_users_holds_another_block(tmp_path: Path):
    with lease_uids(tmp_path) as mine, ExitStack() as stack:
        uids = [stack.enter_context(mine.uid()) for _ in range(2 * LEASE_UIDS)]
        with lease_uids(tmp_path) as theirs, theirs.uid() as other:
            blocks = {block_of(uid) for uid in uids}

            assert len(set(uids)) == 2 * LEASE_UIDS
            assert len(blocks) == 2
            assert block_of(other) not in blocks
        labelled = dict(mine.labels)
    with lease_uids(tmp_path) as later:
        assert later.abandoned(labelled)


def test_users_run_out_with_a_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with lease_uids(tmp_path) as mine, ExitStack() as stack:
        for _ in range(LEASE_UIDS):
            stack.enter_context(mine.uid())
        monkeypatch.setattr("bitsec_eval.sandbox.uid_lease.LEASES", 0)

        with pytest.raises(SandboxError, match="every user id of this machine's sandboxes is in use"), mine.uid():
            pass


def test_a_folder_that_cannot_hold_locks_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("")

    with (
        pytest.raises(SandboxError, match="cannot use .*file for locks: .*; set --bitsec-state"),
        lease_uids(tmp_path / "file"),
    ):
        pass


def test_users_are_drawn_at_random(tmp_path: Path):
    with lease_uids(tmp_path) as mine:
        lent = []
        for _ in range(60):
            with mine.uid() as uid:
                lent.append(uid)

    assert 5 < sum(uid % 2 for uid in lent) < 55
    assert lent != sorted(lent)
    assert len(set(lent)) > 30
