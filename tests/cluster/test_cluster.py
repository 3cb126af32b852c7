"""A node's sandboxes do what those at home do, and what is lost with a node costs nobody a point."""

import asyncio
import marshal
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cluster.nodes import Node, free_port, nodes, scheduler, until
from sandbox.sessions import answer_of, solution_of

from bitsec_eval.cli import main
from bitsec_eval.cluster.cluster import Cluster, cluster_of
from bitsec_eval.cluster.messages import HELD_BYTES, unpack_told
from bitsec_eval.cluster.remote_node import ClusterNode
from bitsec_eval.cluster.settings import cluster_settings
from bitsec_eval.core.answers.answer import Ending
from bitsec_eval.core.errors import SandboxError, SolutionError
from bitsec_eval.core.tasks.task import Limits
from bitsec_eval.sandbox.api import FrameKind

pytestmark = pytest.mark.docker

SLEEPER = "import time; time.sleep(60)"


def test_an_agent_runs_on_a_node_and_its_session_says_where(cluster: Cluster):
    answer = answer_of(cluster.fleet, "import sys; print(sys.argv[2]); sys.stderr.write('e')", prompt="hello")

    assert (answer.ending, answer.stdout, answer.stderr) == (Ending.EXITED, b"hello\n", b"e")
    with cluster.fleet.open(Limits()) as session:
        assert session.where in {"left", "right"}


def test_runs_are_spread_over_the_nodes(cluster: Cluster):
    with cluster.fleet.open(Limits()) as one, cluster.fleet.open(Limits()) as other:
        assert {one.where, other.where} == {"left", "right"}


def test_a_solution_is_called_on_a_node(cluster: Cluster):
    with solution_of(cluster.fleet, "def double(x): return 2 * x") as solution:
        assert solution.double(21) == 42
        assert solution.double("ab") == "abab"


@pytest.mark.parametrize(
    ("source", "limits", "ending"),
    [
        (SLEEPER, Limits(wall_seconds=0.5), Ending.TIMED_OUT),
        ("b = []\nwhile True: b.append(bytearray(1 << 20))", Limits(memory_mib=64), Ending.OUT_OF_MEMORY),
        ("import os\nwhile True: os.write(1, b'x' * 65536)", Limits(), Ending.TOO_LOUD),
        ("import os; os.kill(os.getpid(), 11)", Limits(), Ending.CRASHED),
    ],
)
def test_a_guest_on_a_node_ends_as_one_at_home_does(cluster: Cluster, source: str, limits: Limits, ending: Ending):
    assert answer_of(cluster.fleet, source, limits=limits).ending is ending


def test_large_output_comes_whole_and_in_order(cluster: Cluster):
    source = "import os\nfor i in range(6000): os.write(1, b'%08d\\n' % i)"

    answer = answer_of(cluster.fleet, source, limits=Limits(wall_seconds=20))

    assert answer.stdout == b"".join(b"%08d\n" % number for number in range(6000))


HOSTILE = """
import os
payload = {payload!r}
os.write(1, payload)
os.write(2, payload)
"""
HOSTILE_SOLUTION = """
payload = {payload!r}

def value(x): return payload

def raises(x): raise type(payload.decode(), (Exception,), {{}})(payload.decode())

def __getattr__(name): raise AttributeError(payload)
"""


def test_what_a_guest_sent_is_unpickled_nowhere(cluster: Cluster, two_nodes: list[Node], tmp_path: Path):
    """A pickle that would leave a file behind, wherever it is loaded, comes home as the bytes that it is.

    It is printed, said on stderr, returned by a call, and an exception's name and words.
    """
    planted = tmp_path / "unpickled"
    payload = f"cposix\nsystem\n(S'touch {planted}'\ntR.".encode()

    answer = answer_of(cluster.fleet, HOSTILE.format(payload=payload))

    assert (answer.stdout, answer.stderr) == (payload, payload)
    with solution_of(cluster.fleet, HOSTILE_SOLUTION.format(payload=payload)) as solution:
        assert solution.value(1) == payload
        with pytest.raises(SolutionError) as caught:
            solution.raises(1)
    assert str(planted) in str(caught.value)
    for node in two_nodes:
        assert node.process.poll() is None
        assert str(planted) not in node.log
    assert not planted.exists()
    subprocess.run([sys.executable, "-c", f"import pickle; pickle.loads({payload!r})"], check=True)
    assert planted.exists(), "the payload is harmless: this test shows nothing"


def test_what_fails_on_a_node_is_told_in_bytes(cluster: Cluster):
    """Dask pickles exceptions; those of a node may hold a guest's words."""
    node = cluster.nodes[0]
    for method, arguments in (
        ("fetch", (12345, 0.1)),
        ("step", (12345, "wait_exit")),
        ("open", (b"{not JSON",)),
        ("send", (12345, 0, "C", b"")),
    ):
        told = asyncio.run_coroutine_threadsafe(_called(node, method, arguments), node.loop).result(10)

        assert type(told) is bytes
        with pytest.raises(SandboxError, match="removed|JSON"):
            raise next(unpack_told(told))


async def _called(node: ClusterNode, method: str, arguments: tuple[object, ...]) -> bytes:
    return await node.call(method, *arguments)


def test_a_guest_that_floods_waits_for_its_validator(cluster: Cluster):
    """What nobody has received is not fetched for ever: a driver holds a few MiB, not all that a guest may send."""
    source = b"import os\nwhile True: os.write(2, b'x' * 65536)"
    with cluster.fleet.open(Limits(wall_seconds=30)) as session:
        session.send(FrameKind.PUT_FILE, b"/tmp/agent/agent.py\0" + source)
        session.send(FrameKind.RUN_AGENT, marshal.dumps({"argv": [], "env": {}, "proxy": None}, 2))
        until(lambda: session._held_bytes >= HELD_BYTES)
        time.sleep(1.0)

        assert session._held_bytes <= 3 * HELD_BYTES
        received = sum(len(session.receive(time.monotonic() + 10).payload) for _ in range(400))
        assert received > 4 * HELD_BYTES


def test_nothing_is_left_on_a_node_behind_a_run(cluster: Cluster, two_nodes: list[Node]):
    answer_of(cluster.fleet, "print(1)")

    until(lambda: not any(node.containers() for node in two_nodes))


def test_a_frame_takes_few_milliseconds_longer(cluster: Cluster):
    """Not a measurement (benchmarks/cluster.py is): calls answer while another session waits for its guest."""
    with solution_of(cluster.fleet, "def same(x): return x") as solution, cluster.fleet.open(Limits()):
        assert [solution.same(number) for number in range(50)] == list(range(50))


# -- nodes that come, go, and are others than they should be; each with a cluster of its own


def test_a_node_that_is_killed_costs_its_runs_an_error_and_the_next_run_is_elsewhere(oci_root: Path, tmp_path: Path):
    with (
        scheduler(tmp_path) as (address, _),
        nodes(address, oci_root, tmp_path, "a", "b") as both,
        cluster_of(cluster_settings(address, None)) as cluster,
    ):
        with (
            pytest.raises(SandboxError, match="was lost"),
            cluster.fleet.open(Limits()) as session,
        ):
            lost = next(node for node in both if node.name == session.where)
            lost.signal(signal.SIGKILL)
            began = time.monotonic()
            session.receive(began + 20)
        seconds = time.monotonic() - began

        assert seconds < 5
        assert {_where(cluster) for _ in range(4)} == {each.name for each in both if each is not lost}


def test_a_node_that_freezes_is_away_within_seconds_and_is_taken_back(oci_root: Path, tmp_path: Path):
    with (
        scheduler(tmp_path) as (address, _),
        nodes(address, oci_root, tmp_path, "a", "b") as both,
        cluster_of(cluster_settings(address, None)) as cluster,
    ):
        with pytest.raises(SandboxError, match="was lost"), cluster.fleet.open(Limits()) as session:
            frozen = next(node for node in both if node.name == session.where)
            frozen.signal(signal.SIGSTOP)
            began = time.monotonic()
            session.receive(began + 30)
        assert time.monotonic() - began < 8
        assert frozen.name not in {_where(cluster) for _ in range(3)}

        frozen.signal(signal.SIGCONT)

        until(lambda: not any(each.away for each in cluster.fleet.status()))
        assert {_where(cluster), _where(cluster)} <= {"a", "b"}
        until(lambda: not frozen.containers())


def test_a_node_that_comes_later_takes_runs(oci_root: Path, tmp_path: Path):
    with (
        scheduler(tmp_path) as (address, _),
        nodes(address, oci_root, tmp_path, "early"),
        cluster_of(cluster_settings(address, None)) as cluster,
        nodes(address, oci_root, tmp_path, "late"),
    ):
        until(lambda: len(cluster.fleet.status()) == 2)

        assert cluster.processors == 4


def test_a_node_with_another_image_is_refused_by_name(oci_root: Path, tmp_path: Path):
    other = tmp_path / "other-root"
    subprocess.run(["cp", "-a", "--reflink=auto", str(oci_root), str(other)], check=True)
    (other / "usr/added").write_text("")
    tmp_path.chmod(0o755)
    with (
        scheduler(tmp_path) as (address, _),
        nodes(address, oci_root, tmp_path, "first"),
        cluster_of(cluster_settings(address, None)) as cluster,
        nodes(address, other, tmp_path, "second"),
    ):
        until(lambda: "second" in cluster.refused)

        assert "the image of node second holds other files than that of other nodes" in cluster.refused["second"]
        assert [each.name for each in cluster.fleet.status()] == ["first"]


def test_a_driver_that_is_killed_leaves_nothing_on_any_node(oci_root: Path, tmp_path: Path):
    program = """
import sys, time
from bitsec_eval.cluster.cluster import cluster_of
from bitsec_eval.cluster.settings import cluster_settings
from bitsec_eval.core.tasks.task import Limits
from bitsec_eval.sandbox.api import FrameKind
with cluster_of(cluster_settings(sys.argv[1], None)) as cluster, cluster.fleet.open(Limits()):
    print("open", flush=True)
    time.sleep(60)
"""
    with scheduler(tmp_path) as (address, _), nodes(address, oci_root, tmp_path, "a") as (node,):
        with subprocess.Popen([sys.executable, "-c", program, address], stdout=subprocess.PIPE) as driver:
            assert driver.stdout is not None
            assert driver.stdout.readline() == b"open\n"
            assert node.containers()
            driver.kill()

        until(lambda: not node.containers())


def test_a_scheduler_that_is_started_anew_gets_its_nodes_back_and_the_driver_too(oci_root: Path, tmp_path: Path):
    port = free_port()
    with scheduler(tmp_path, port) as (address, process):
        node = Node("a", address, oci_root, tmp_path).await_offer()
        try:
            with cluster_of(cluster_settings(address, None)) as cluster:
                assert _where(cluster) == "a"
                process.kill()
                process.wait()
                with scheduler(tmp_path, port):
                    until(lambda: _opens(cluster))
        finally:
            node.stop()


def test_doctor_has_every_node_look_at_itself(
    address: str, two_nodes: list[Node], capsys: pytest.CaptureFixture[str]
):
    assert main(["doctor", f"--cluster={address}", "--memory-mib=64"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert [lines.index(node.name) for node in two_nodes] == [0, len(lines) // 2]
    assert sum("opens, every guard is set and seen from inside" in line for line in lines) == 2
    assert sum("2 jobs may use 256 MiB" in line for line in lines) == 2


def test_doctor_tells_in_one_line_what_it_cannot_look_at(address: str, capsys: pytest.CaptureFixture[str]):
    assert main(["doctor", f"--cluster={address}", "--engine=docker:"]) == 2
    assert "--cluster and --engine: each says what to look at; use only one" in capsys.readouterr().err
    assert main(["doctor", f"--cluster=tcp://127.0.0.1:{free_port()}"]) == 1
    said = capsys.readouterr().out
    assert "missing  cluster  no Dask scheduler answers at" in said
    assert "-> start one with dask scheduler" in said


def test_no_scheduler_is_told_in_one_line():
    address = f"tcp://127.0.0.1:{free_port()}"
    with pytest.raises(SandboxError) as caught, cluster_of(cluster_settings(address, None)):
        pass

    assert f"no Dask scheduler answers at {address}" in str(caught.value)
    assert "start one with dask scheduler" in str(caught.value)


def _where(cluster: Cluster) -> str:
    with cluster.fleet.open(Limits()) as session:
        return session.where


def _opens(cluster: Cluster) -> bool:
    try:
        return bool(_where(cluster))
    except SandboxError:
        return False
