"""Several images on several machines: exploits, patches, pocs and tasks with images of their own get their verdicts.

Nothing of it depends on where a sandbox is; a machine without an image is named before the first run.
"""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from cluster.nodes import Node, nodes, scheduler, until
from exported import export
from plugin.evaluations import command, environment, evaluate, lay_out
from sandbox.image.wheels import made_image, own_name

from bitsec_eval.core.tasks.image_name import folder_of
from bitsec_eval.sandbox.image_names import EVM_ROOT
from tests.plugin.test_pocs import REPORT
from tests.task_suites.proof.proof_cases import SEED, Case
from tests.task_suites.scabench.poc_cases import PocCase

pytestmark = pytest.mark.docker

NAME = "crestal_network_h01"
SUITE = Path(__file__).parents[2] / "task_suites"
CHOOSING = """
import sys
answers = {answers!r}
prompt = sys.argv[sys.argv.index("--task") + 1]
if prompt in answers:
    print(answers[prompt])
elif "greet" == prompt:
    import greetings
    print("import greetings\\ndef greet():\\n    return greetings.hello()")
elif {reports!r}:
    exec({report!r})
"""
GREETED = """
from bitsec_eval import Task
TASK = Task(prompt="greet", timeout=20, image={image!r})


def test_is_greeted(solution):
    assert solution.greet() == "hello"
"""


@pytest.fixture(scope="module")
def agents() -> dict[str, str]:
    """One that answers everything, one that knows the exploit alone, and one that says nothing."""
    exploit, patch, poc = Case(NAME, "exploit"), Case(NAME, "patch"), PocCase(NAME, SEED)

    def prompted(case: Case) -> str:
        return case.renaming.apply(case.task.task.prompt)

    answers = {prompted(exploit): exploit.reference_exploit, prompted(patch): exploit.gutting_patch}
    right = {**answers, prompted(patch): patch.reference_patch}
    name = poc.renaming.new["payWithERC20"]
    report = REPORT.format(poc=poc.reference, name=name, title="Something")
    return {
        "prover": CHOOSING.format(answers=right, reports=True, report=report),
        "gutter": CHOOSING.format(answers=answers, reports=False, report=""),
        "silent": "",
    }


@pytest.fixture(scope="module")
def proofs() -> dict[str, str]:
    """One case as an exploit, a patch and a findings task with pocs."""
    files = [path for folder in ("proof", "scabench") for path in (SUITE / folder / NAME).rglob("*")]
    files += [*(SUITE / "proof").glob(f"test_{NAME}_*.py"), SUITE / f"scabench/test_{NAME}.py"]
    return {path.relative_to(SUITE).as_posix(): path.read_text() for path in files if path.is_file()}


@pytest.fixture(scope="module")
def whole(evm_root: Path, oci_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The agents' root file system, with that of the EVM beside it."""
    folder = tmp_path_factory.mktemp("whole")
    folder.chmod(0o755)
    (folder / "rootfs").symlink_to(oci_root)
    (folder / EVM_ROOT).symlink_to(evm_root)
    return folder / "rootfs"


@pytest.fixture(scope="module")
def pinned(engine, whole: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An image with a library, on Docker and as a folder beside the others, as a task asks for it."""
    files = {"greetings.py": "def hello():\n    return 'hello'\n"}
    with made_image(tmp_path_factory.mktemp("wheels") / "en", own_name("fleets"), files) as image:
        name = image.pinned.partition("@")[0]
        (whole.parent / folder_of(name)).mkdir()
        export(name, whole.parent / folder_of(name))
        yield image.pinned


@pytest.fixture(scope="module")
def tasks(proofs: dict[str, str], pinned: str) -> dict[str, str]:
    return {**proofs, "greet/test_greet.py": GREETED.format(image=pinned)}


KILLS = 4
BOARD = {"prover": 100.0, "gutter": 50.0, "silent": 0.0}


def test_two_engines_open_every_image(tmp_path, agents, tasks, whole):
    engines = ("--bitsec-engine=docker:,jobs=1", f"--bitsec-engine=oci:{whole},jobs=1")

    ran = evaluate(
        tmp_path,
        *engines,
        f"--bitsec-seed={SEED}",
        f"--bitsec-state={tmp_path / 'state'}",
        agents=agents,
        tasks=tasks,
    )

    assert (ran.status, ran.scores()) == (0, BOARD), ran.output
    assert not any("pocs are not run" in line for line in ran.lines)


def test_an_engine_without_the_evms_image_is_named_before_the_first_run(tmp_path, agents, proofs, oci_root):
    engines = ("--bitsec-engine=docker:", f"--bitsec-engine=oci:{oci_root}")

    ran = evaluate(tmp_path, *engines, agents=agents, tasks=proofs)

    assert ran.status == 4
    assert f"--bitsec-engine oci:{oci_root}: {oci_root.parent / EVM_ROOT} is no root file system" in ran.output
    assert "make it with bitsec-eval image build --rootfs --evm" in ran.output
    assert not (tmp_path / "results/junit.xml").exists()


def test_nodes_open_every_image_they_have_and_one_without_is_named(
    tmp_path, agents, tasks, whole, pinned, oci_root, evm_root
):
    """Of three nodes one has the agents' image alone, and one has another image under the task's name."""
    name = pinned.partition("@")[0]
    other = tmp_path / "other"
    (other / folder_of(name) / "usr").mkdir(parents=True)
    (other / folder_of(name) / "usr/file").write_text("another image")
    (other / "rootfs").symlink_to(oci_root)
    (other / EVM_ROOT).symlink_to(evm_root)
    for folder in (tmp_path, other, other / folder_of(name)):
        folder.chmod(0o755)
    with scheduler(tmp_path) as (address, _), ExitStack() as stack:
        started = [
            Node(node, address, root, tmp_path)
            for node, root in (("whole", whole), ("bare", oci_root), ("other", other / "rootfs"))
        ]
        for node in started:
            stack.callback(node.stop)
        for node in started:
            node.await_offer()
        options = (f"--bitsec-cluster={address}", f"--bitsec-seed={SEED}")

        ran = evaluate(tmp_path, *options, agents=agents, tasks=tasks)

        assert (ran.status, ran.scores()) == (0, BOARD), ran.output
        told = [line for line in ran.lines if line.startswith("not used: ")]
        assert any(f"node bare: {oci_root.parent / EVM_ROOT} is no root file system" in line for line in told), told
        assert any(line.endswith("make it with bitsec-eval image build --rootfs --evm") for line in told), told
        assert any(f"node other: image {name} holds sha256:" in line for line in told), told
        assert not any("node whole" in line for line in told)
        until(lambda: not any(node.containers() for node in started))


def test_a_cluster_without_the_evms_image_is_refused_before_the_first_run(
    tmp_path, agents, proofs, address: str, two_nodes: list[Node]
):
    ran = evaluate(tmp_path, f"--bitsec-cluster={address}", agents=agents, tasks=proofs)

    assert ran.status == 4, ran.output
    for node in two_nodes:
        assert f"node {node.name}: " in ran.output
    assert "bitsec-eval image build --rootfs --evm" in ran.output
    assert not (tmp_path / "results/junit.xml").exists()


def test_a_node_lost_with_its_evms_costs_nobody_a_verdict(tmp_path, agents, proofs, whole):
    """Nodes are killed in turns while answers are run, each when it has sandboxes open."""
    lay_out(tmp_path, agents, proofs)
    with scheduler(tmp_path) as (address, _), nodes(address, whole, tmp_path, "a", "b") as both:
        with subprocess.Popen(
            command("-v", f"--bitsec-cluster={address}", f"--bitsec-seed={SEED}"),
            cwd=tmp_path,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as evaluation:
            said, kills = [], 0
            assert evaluation.stdout is not None
            for line in evaluation.stdout:
                said.append(line)
                place = len(said) % 2
                if (
                    "::" in line
                    and ("PASSED" in line or "FAILED" in line)
                    and both[place].containers()
                    and kills < KILLS
                ):
                    kills += 1
                    both[place].signal(signal.SIGKILL)
                    both[place].process.wait()
                    both[place] = Node(both[place].name, address, whole, tmp_path).await_offer()
            evaluation.wait(60)
        output = "".join(said)
        try:
            assert evaluation.returncode == 0, output
            assert kills, "no node was lost: this test shows nothing"
            ran = evaluate(tmp_path, "--collect-only", "-q")
            assert ran.scores() == {"prover": 100.0, "gutter": pytest.approx(100 / 3), "silent": 0.0}, output
            until(lambda: not any(node.containers() for node in both))
        finally:
            for node in both:
                node.stop()
