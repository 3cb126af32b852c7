"""An engine that hangs, restarts or loses a container costs no agent a point: runs are tried again, or void."""

import time
from pathlib import Path

import docker
import pytest
from faults.evaluations import AGENTS, CELLS, cells, evaluated, prepare, running
from faults.leftovers import DockerWitness, Witness
from plugin.evaluations import GOOD
from plugin.proxy import EngineProxy

from bitsec_eval.core.errors import SandboxError
from bitsec_eval.core.tasks.task import Limits
from bitsec_eval.sandbox.docker.api import EngineClient
from bitsec_eval.sandbox.docker.engine import DockerSettings, docker_sandbox
from bitsec_eval.sandbox.hardening.policy import IMAGE

pytestmark = pytest.mark.usefixtures("docker_cli")

SLOW = "import time\ntime.sleep(3)\n" + GOOD
ONE_TASK = {"suite/test_one.py": "from bitsec_eval import Task\nTASK = Task(prompt='x', timeout=5)\n"}
ONE_TASK["suite/test_one.py"] += "def test_it(answer):\n    assert 'reverse_string' in answer\n"


@pytest.mark.long  # two minutes of waiting for an engine that never answers
def test_an_engine_that_hangs_makes_nobody_late(tmp_path: Path):
    """From outside a hanging engine looks like agents that say nothing until their time is up."""
    prepare(tmp_path, {"a": GOOD, "b": SLOW, "c": GOOD}, ONE_TASK)
    with (
        EngineProxy(tmp_path / "engine.sock") as proxy,
        running(tmp_path, "--bitsec-jobs=1", DOCKER_HOST=f"unix://{tmp_path}/engine.sock") as started,
    ):
        DockerWitness().wait_for_containers(tmp_path)
        proxy.wait_for_starts(2)
        proxy.hang()
        ran = started.end(240)
    time.sleep(3)  # what the engine was asked for while it hung, it does now: nobody is there any more to undo it
    with docker_sandbox(DockerSettings(state=tmp_path / "state")):
        pass

    states = cells(ran)
    assert ran.status == 1, ran.output
    assert DockerWitness().left(tmp_path) == []
    assert set(states) == {(name, "suite/one") for name in "abc"}
    assert "void" in states.values()
    assert all(row["score"] in (None, 100.0) for row in ran.board()["agents"])


def test_an_engine_that_recovers_in_time_costs_nothing(tmp_path: Path):
    prepare(tmp_path, {"a": GOOD, "b": SLOW, "c": GOOD}, ONE_TASK)
    with (
        EngineProxy(tmp_path / "engine.sock") as proxy,
        running(tmp_path, "--bitsec-jobs=1", DOCKER_HOST=f"unix://{tmp_path}/engine.sock") as started,
    ):
        proxy.wait_for_starts(2)
        proxy.hang()
        time.sleep(7)
        proxy.recover()
        ran = started.end()

    assert ran.scores() == dict.fromkeys("abc", 100.0), ran.output
    assert ran.status == 0


def test_containers_removed_and_killed_by_hand_are_replaced(tmp_path: Path, witness: Witness):
    prepare(tmp_path, {"slow": SLOW, "slower": SLOW}, ONE_TASK)
    with running(tmp_path, "--bitsec-jobs=2", *witness.options) as started:
        witness.wait_for_containers(tmp_path, 2)
        time.sleep(1.5)
        removed, *killed = witness.containers(tmp_path)
        witness.remove(removed)
        for container in killed:
            witness.kill(container)
        ran = started.end()

    assert ran.scores() == {"slow": 100.0, "slower": 100.0}, ran.output
    assert ran.status == 0
    assert witness.left(tmp_path) == []


def test_an_image_that_is_gone_voids_what_needs_it(tmp_path: Path):
    client = docker.APIClient(**docker.utils.kwargs_from_env())
    made = client.create_container(IMAGE, ["true"])
    image = client.commit(made, repository="bitsec-eval/gone", tag="soon")["Id"]
    client.remove_container(made)
    try:
        with docker_sandbox(DockerSettings(state=tmp_path, image="bitsec-eval/gone:soon")) as sandbox:
            client.remove_image(image, force=True)
            with pytest.raises(SandboxError, match="could not create a container: No such image"):
                sandbox.open(Limits()).__enter__()
    finally:
        client.close()


def test_a_container_that_was_being_made_when_all_was_stopped_is_not_started(tmp_path: Path):
    """Else an agent goes on to the end of its time, and whoever pressed Ctrl-C waits for it."""

    class Late:
        """The engine's client, through which containers come up just after everything was stopped."""

        def __init__(self, api: EngineClient) -> None:
            self._api = api

        def __getattr__(self, name: str) -> object:
            return getattr(self._api, name)

        def post(self, doing: str, path: str, *arguments: object, **more: object) -> object:
            if path == "/containers/create":
                sandbox.stop()
            return self._api.post(doing, path, *arguments, **more)

    with docker_sandbox(DockerSettings(state=tmp_path)) as sandbox:
        sandbox.api = Late(sandbox.api)
        with pytest.raises(SandboxError, match="the evaluation was stopped"):
            sandbox.open(Limits()).__enter__()

        assert DockerWitness().left(tmp_path) == []


@pytest.mark.parametrize("shared", [True, False])
def test_two_validators_at_once_do_not_meet(tmp_path: Path, witness: Witness, shared: bool):
    """Whether or not they keep their locks in one folder."""
    options = [*witness.options, *([f"--bitsec-state={tmp_path / 'shared'}"] if shared else [])]
    folders = [tmp_path / "one", tmp_path / "other"]
    for folder in folders:
        folder.mkdir()
        prepare(folder)
    with running(folders[0], *options) as first, running(folders[1], *options) as second:
        both = [started.end() for started in (first, second)]

    for ran in both:
        assert ran.scores() == dict.fromkeys(AGENTS, 100.0), ran.output
        assert ran.status == 0
    assert witness.left(tmp_path) == []


def test_a_clock_that_jumps_by_a_day_changes_nothing(tmp_path: Path):
    prepare(tmp_path)
    with (tmp_path / "conftest.py").open("a") as file:
        file.write("import random, time\n_now = time.time\n")
        file.write("time.time = lambda: _now() + random.choice([-86400, 0, 86400])\n")

    ran = evaluated(tmp_path)

    assert cells(ran) == dict.fromkeys(CELLS, "scored"), ran.output
    assert ran.scores() == dict.fromkeys(AGENTS, 100.0)


def test_a_fault_of_pytest_itself_leaves_every_cell_on_the_board(tmp_path: Path):
    prepare(tmp_path)
    with (tmp_path / "conftest.py").open("a") as file:
        file.write("def pytest_runtest_logstart(nodeid):\n")
        file.write("    if '[b]' in nodeid:\n        raise RuntimeError('a fault of a plugin')\n")

    ran = evaluated(tmp_path)

    states = cells(ran)
    assert set(states) == CELLS, ran.output
    assert "incomplete" in states.values()
    assert ran.status != 0
    assert DockerWitness().left(tmp_path) == []
