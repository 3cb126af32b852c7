"""An evaluation on several machines has the board of one machine, whatever happens to some of them."""

import json
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest
from cluster.certificates import make_certificates
from cluster.nodes import Node, nodes, scheduler, until
from long import LONG
from plugin.evaluations import BAD, GOOD, REVERSE_TASK, Ran, command, environment, evaluate, lay_out

pytestmark = pytest.mark.docker

AGENTS = {"bad": BAD, "good": GOOD, "crash": "import os; os.abort()", "late": "import time; time.sleep(60)"}
TASKS = {"suite/test_reverse.py": REVERSE_TASK.replace("timeout=5", "timeout=2")}
BOARD = {"bad": 0.0, "good": 100.0, "crash": 0.0, "late": 0.0}

SLOW = "import time; time.sleep(1.5)\n"


def told(ran: Ran) -> tuple[int, dict[str, float | None]]:
    assert ran.status == 0, ran.output
    return ran.status, ran.scores()


def test_two_engines_of_two_kinds_make_one_board(tmp_path: Path, oci_root: Path):
    engines = ("--bitsec-engine=docker:,jobs=1", f"--bitsec-engine=oci:{oci_root},jobs=1")

    ran = evaluate(tmp_path, "-q", f"--bitsec-state={tmp_path / 'state'}", *engines, agents=AGENTS, tasks=TASKS)

    assert told(ran) == (0, BOARD)
    places = {name: places_of(tmp_path, name) for name in AGENTS}
    assert {number for number, _ in places.values()} == {"1", "2"}, places
    names = {"1": "docker:", "2": f"oci:{oci_root}"}
    assert all(name == names[number] for number, name in places.values()), places


def places_of(folder: Path, agent: str) -> tuple[str, str]:
    """Return which engine a run's page names, and which its private file."""
    public, private = (
        json.loads((folder / "results" / kind / f"runs/{agent}/suite__reverse.json").read_text())
        for kind in ("", "private")
    )
    assert private["engine"] not in json.dumps(public)
    return public["settings"]["engine"], private["engine"]


def test_a_cluster_makes_the_same_board(tmp_path: Path, address: str, two_nodes: list[Node]):
    ran = evaluate(tmp_path, "-q", f"--bitsec-cluster={address}", agents=AGENTS, tasks=TASKS)

    assert told(ran) == (0, BOARD)
    until(lambda: not any(node.containers() for node in two_nodes))


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--bitsec-engine=rack7",), "--bitsec-engine rack7: no address of an engine; give unix:///PATH"),
        (("--bitsec-engine=docker:", "--bitsec-engine=docker:"), "--bitsec-engine docker:: given twice"),
        (
            ("--bitsec-engine=docker:", "--bitsec-sandbox=oci"),
            "--bitsec-sandbox and --bitsec-engine: each says where sandboxes are; use only one",
        ),
        (
            ("--bitsec-engine=docker:", "--bitsec-engine=unix:///nowhere/docker.sock"),
            "--bitsec-engine unix:///nowhere/docker.sock: could not ask the engine for its version",
        ),
        (("--bitsec-cluster=tcp://10.1.2.3:8786",), "a scheduler elsewhere needs TLS"),
        (("--bitsec-cluster=tls://h:8786",), "give --bitsec-cluster-tls=DIR with ca.pem, cert.pem and key.pem"),
        (("--bitsec-cluster-tls=certs",), "there is no cluster; give --bitsec-cluster=tls://HOST:PORT too"),
    ],
)
def test_what_is_wrong_is_told_in_one_line_and_nothing_runs(tmp_path: Path, options: tuple[str, ...], reason: str):
    ran = evaluate(tmp_path, "-q", *options)

    assert ran.status == 4, ran.output
    assert any(reason in line for line in ran.lines), ran.output
    assert not (tmp_path / "results/junit.xml").exists()


def test_an_engine_with_another_image_is_refused_by_name(tmp_path: Path, oci_root: Path):
    other = tmp_path / "other"
    subprocess.run(["cp", "-a", "--reflink=auto", str(oci_root), str(other)], check=True)
    (other / "usr/added").write_text("")

    ran = evaluate(tmp_path, "-q", f"--bitsec-engine=oci:{oci_root}", f"--bitsec-engine=oci:{other}")

    assert ran.status == 4
    assert f"--bitsec-engine oci:{other}: its image holds other files than that of oci:{oci_root}" in ran.output
    assert "bitsec-eval image build" in ran.output


def test_certificates_of_one_authority_are_needed_at_every_end(tmp_path: Path, oci_root: Path):
    certificates, foreign = tmp_path / "certificates", tmp_path / "foreign"
    options = make_certificates(certificates)
    make_certificates(foreign)
    with scheduler(tmp_path, None, *options) as (address, _):
        node = Node("a", address, oci_root, tmp_path, "--tls", str(certificates)).await_offer()
        try:
            cluster = (f"--bitsec-cluster={address}", "-q")
            stranger = evaluate(tmp_path, *cluster, f"--bitsec-cluster-tls={foreign}")
            ours = evaluate(tmp_path, *cluster, f"--bitsec-cluster-tls={certificates}")
        finally:
            node.stop()

    assert stranger.status == 4, stranger.output
    assert f"no Dask scheduler answers at {address}" in stranger.output
    assert told(ours) == (0, {"good": 100.0})


def test_nodes_that_are_killed_and_come_back_cost_nobody_a_point(tmp_path: Path, oci_root: Path):
    """In the long form: 400 runs and 20 kills at random."""
    count, kills = (100, 20) if LONG else (8, 3)
    agents = {f"good_{n}": SLOW + GOOD for n in range(count)} | {f"bad_{n}": SLOW + BAD for n in range(count)}
    dice = random.Random(5)
    lay_out(tmp_path, agents, {"suite/test_reverse.py": REVERSE_TASK, "more/test_reverse_b.py": REVERSE_TASK})
    with scheduler(tmp_path) as (address, _), nodes(address, oci_root, tmp_path, "a", "b") as both:
        with subprocess.Popen(
            command("-q", f"--bitsec-cluster={address}"),
            cwd=tmp_path,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as evaluation:
            until(lambda: any(node.containers() for node in both))
            for _ in range(kills):
                time.sleep(dice.uniform(1.0, 2.0))
                place = dice.randrange(len(both))
                both[place].signal(signal.SIGKILL)
                both[place].process.wait()
                both[place] = Node(both[place].name, address, oci_root, tmp_path)
            output, _ = evaluation.communicate(timeout=600)
        ran = Ran(tmp_path, evaluation.returncode, output)
        try:
            for node in both:
                node.await_offer()
            assert told(ran)[1] == {name: 100.0 if name.startswith("good") else 0.0 for name in agents}
            until(lambda: not any(node.containers() for node in both))
        finally:
            for node in both:
                node.stop()
