"""Whatever happens to a node, the scheduler or the driver, the board is that of one machine and nothing is left.

Each disturbance strikes a node that has sandboxes of the evaluation open at that moment.
"""

import json
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from cluster.certificates import make_certificates
from cluster.network import network
from cluster.nodes import Node, free_port, nodes, scheduler, until
from plugin.evaluations import BAD, GOOD, REVERSE_TASK, Ran, command, environment, evaluate, lay_out

pytestmark = pytest.mark.docker

SLOW = "import time; time.sleep(1.5)\n"
SLEEPER = "import time; time.sleep(60)"
AGENTS = {f"good_{n}": SLOW + GOOD for n in range(5)} | {f"bad_{n}": SLOW + BAD for n in range(5)}
BOARD = {name: 100.0 if name.startswith("good") else 0.0 for name in AGENTS}
WRONG_CLOCK = """
import time
for name, seconds in (("time", 90_000), ("monotonic", 5_000_000)):
    setattr(time, name, lambda real=getattr(time, name), more=seconds: real() + more)
"""


@contextmanager
def evaluation(folder: Path, *options: str) -> Iterator["subprocess.Popen[str]"]:
    """An evaluation that goes on; it is killed if it has not ended by itself."""
    lay_out(folder, AGENTS, {"suite/test_reverse.py": REVERSE_TASK})
    with (folder / "output").open("w") as output:
        process = subprocess.Popen(
            command("-q", *options), cwd=folder, env=environment(), stdout=output, stderr=subprocess.STDOUT, text=True
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def check_board(folder: Path, process: "subprocess.Popen[str]") -> None:
    """Nobody lost a point, and nothing is void."""
    ran = Ran(folder, process.wait(150), (folder / "output").read_text())
    assert (ran.status, ran.scores()) == (0, BOARD), ran.output


def places(folder: Path) -> set[str]:
    """Which nodes had the runs of which an answer came."""
    return {json.loads(path.read_text())["engine"] for path in (folder / "results/private/runs").rglob("*.json")}


def kill(node: Node) -> None:
    node.signal(signal.SIGKILL)
    node.process.wait()


def drain(node: Node) -> None:
    node.signal(signal.SIGTERM)
    node.process.wait(30)
    assert not node.containers()


def freeze(node: Node) -> None:
    node.signal(signal.SIGSTOP)


@pytest.mark.parametrize("strike", [kill, drain, freeze])
def test_a_node_that_goes_costs_nobody_a_point(strike: Callable[[Node], None], tmp_path: Path, oci_root: Path):
    with (
        scheduler(tmp_path) as (address, _),
        nodes(address, oci_root, tmp_path, "stays", "goes") as (stays, goes),
        evaluation(tmp_path, f"--bitsec-cluster={address}") as process,
    ):
        until(goes.containers)
        strike(goes)

        check_board(tmp_path, process)
        assert "stays" in places(tmp_path)
        until(lambda: not stays.containers())
        goes.stop()
        again = Node("goes", address, oci_root, tmp_path).await_offer()
        try:
            until(lambda: not again.containers())
        finally:
            again.stop()


def test_a_node_that_is_cut_off_costs_nobody_a_point_and_cleans_up_by_itself(tmp_path: Path, oci_root: Path):
    """Its packets are lost in silence, over TLS and in a network namespace of its own."""
    tls = tmp_path / "tls"
    options = make_certificates(tls)
    with (
        network(1) as (host, (link,)),
        scheduler(tmp_path, None, *options, host=host) as (address, _),
        ExitStack() as stack,
    ):
        common = (address, oci_root, tmp_path, "--tls", str(tls))
        far = Node("far", *common, "--host", link.address, wrapper=link.wrapper)
        stack.callback(far.stop)
        near = Node("near", *common, "--host", host)
        stack.callback(near.stop)
        for node in (far, near):
            node.await_offer()
        with evaluation(tmp_path, f"--bitsec-cluster={address}", f"--bitsec-cluster-tls={tls}") as process:
            until(far.containers)
            link.cut()
            cut = time.monotonic()
            check_board(tmp_path, process)
        assert places(tmp_path) == {"near"} or time.monotonic() - cut > 1
        until(lambda: not far.containers())  # while it is still cut off
        assert far.process.poll() is None
        link.mend()
        until(lambda: not near.containers())


def test_a_node_that_is_slow_costs_nobody_a_point(tmp_path: Path, oci_root: Path):
    """It stands still for most of the time, but never for long enough to be away."""
    over = threading.Event()

    def stutter(node: Node) -> None:
        while not over.is_set():
            node.signal(signal.SIGSTOP)
            time.sleep(0.5)
            node.signal(signal.SIGCONT)
            over.wait(0.2)

    with scheduler(tmp_path) as (address, _), nodes(address, oci_root, tmp_path, "quick", "slow") as (quick, slow):
        with evaluation(tmp_path, f"--bitsec-cluster={address}") as process:
            until(slow.containers)
            thread = threading.Thread(target=stutter, args=(slow,))
            thread.start()
            try:
                check_board(tmp_path, process)
            finally:
                over.set()
                thread.join()
        until(lambda: not any(node.containers() for node in (quick, slow)))


def test_a_node_whose_disk_is_full_is_passed_over(tmp_path: Path, oci_root: Path):
    state = tmp_path / "full"
    state.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=80m", "none", str(state)], check=True)
    try:
        with scheduler(tmp_path) as (address, _), nodes(address, oci_root, tmp_path, "full", "free") as (full, free):
            with evaluation(tmp_path, f"--bitsec-cluster={address}") as process:
                until(full.containers)
                with pytest.raises(OSError, match="No space left"), (state / "filling").open("wb", 0) as filling:
                    while filling.write(bytes(65536)):
                        pass
                check_board(tmp_path, process)
            assert "free" in places(tmp_path)
            (state / "filling").unlink()
            until(lambda: not any(node.containers() for node in (full, free)))
    finally:
        subprocess.run(["umount", "--lazy", str(state)], check=True)


def test_a_node_with_a_wrong_clock_costs_nobody_a_point(tmp_path: Path, oci_root: Path):
    """It is a day and an hour ahead, and started months before the other machines."""
    wrong = tmp_path / "wrong-clock"
    wrong.mkdir()
    (wrong / "sitecustomize.py").write_text(WRONG_CLOCK)
    with scheduler(tmp_path) as (address, _), ExitStack() as stack:
        ahead = Node("ahead", address, oci_root, tmp_path, environment=environment(PYTHONPATH=_path(wrong)))
        stack.callback(ahead.stop)
        ahead.await_offer()

        ran = evaluate(
            tmp_path,
            f"--bitsec-cluster={address}",
            agents={
                "good": GOOD,
                "bad": BAD,
                "late": "import time; time.sleep(60)",
                "crash": "import os; os.abort()",
            },
            tasks={"suite/test_reverse.py": REVERSE_TASK},
        )

        assert (ran.status, ran.scores()) == (0, {"good": 100.0, "bad": 0.0, "late": 0.0, "crash": 0.0}), ran.output
        endings = {
            name: json.loads((tmp_path / f"results/runs/{name}/suite__reverse.json").read_text())["ending"]
            for name in ("good", "late", "crash")
        }
        assert endings == {"good": "exited", "late": "timed_out", "crash": "crashed"}
        until(lambda: not ahead.containers())


def _path(folder: Path) -> str:
    return f"{folder}:{environment()['PYTHONPATH']}"


def test_a_scheduler_that_is_started_anew_costs_nobody_a_point(tmp_path: Path, oci_root: Path):
    port = free_port()
    with scheduler(tmp_path, port) as (address, first), nodes(address, oci_root, tmp_path, "a", "b") as both:
        with evaluation(tmp_path, f"--bitsec-cluster={address}") as process:
            until(lambda: all(node.containers() for node in both))
            first.kill()
            first.wait()
            with scheduler(tmp_path, port):
                check_board(tmp_path, process)
        until(lambda: not any(node.containers() for node in both))


def test_a_driver_that_is_killed_is_resumed_with_the_same_board(tmp_path: Path, oci_root: Path):
    with scheduler(tmp_path) as (address, _), nodes(address, oci_root, tmp_path, "a", "b") as both:
        with evaluation(tmp_path, f"--bitsec-cluster={address}") as killed:
            until(lambda: all(node.containers() for node in both))
            killed.kill()
            killed.wait()
        assert any(node.containers() for node in both), "nothing was open: this test shows nothing"

        with evaluation(tmp_path, f"--bitsec-cluster={address}", "--bitsec-resume") as resumed:
            check_board(tmp_path, resumed)
        until(lambda: not any(node.containers() for node in both))


def test_a_node_that_is_started_anew_at_its_address_is_used_again(tmp_path: Path, oci_root: Path):
    """As behind a firewall, where nodes listen on a port that is known."""
    port = str(free_port())
    with scheduler(tmp_path) as (address, _), ExitStack() as stack:
        only = Node("only", address, oci_root, tmp_path, "--port", port).await_offer()
        stack.callback(only.stop)
        with evaluation(tmp_path, f"--bitsec-cluster={address}") as process:
            until(only.containers)
            kill(only)
            again = Node("only", address, oci_root, tmp_path, "--port", port)
            stack.callback(again.stop)

            check_board(tmp_path, process)
        until(lambda: not again.containers())
