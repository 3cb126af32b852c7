"""`bitsec-eval doctor` tells what an engine can enforce, and exits 1 where something is missing."""

from pathlib import Path

import pytest
from plugin.evaluations import run

from bitsec_eval.cli import main
from bitsec_eval.sandbox.docker.engine import DockerSandbox


@pytest.mark.usefixtures("docker_cli")
def test_every_control_is_told_and_a_sandbox_is_opened(capsys: pytest.CaptureFixture[str]):
    status = main(["doctor"])

    lines = capsys.readouterr().out.splitlines()
    names = [line.split()[1] for line in lines if not line.startswith(" ")]
    assert names == [
        *("engine", "runtime", "kernel", "cgroup", "memory-limit", "process-limit", "processor-limit", "seccomp"),
        *("user-namespace", "security-module", "swap", "memory", "waiting"),
        *("engine-disk", "results-disk", "image", "sandbox"),
    ]
    assert status == 0
    assert "opens, every guard is set and seen from inside" in lines[-1]


@pytest.mark.usefixtures("docker_cli")
def test_an_image_that_is_not_there_is_missing(capsys: pytest.CaptureFixture[str]):
    status = main(["doctor", "--image=no/such:image"])

    said = capsys.readouterr().out
    assert status == 1
    assert "no image no/such:image" in said
    assert "-> run bitsec-eval image build to make it" in said


def test_an_engine_that_does_not_answer_is_missing(tmp_path):
    import sys

    command = (sys.executable, "-m", "bitsec_eval", "doctor")
    ran = run(tmp_path, *command, DOCKER_HOST=f"unix://{tmp_path}/no.sock")

    assert ran.status == 1
    assert ran.output.startswith("missing  engine  no Docker engine answers")
    assert "-> start one, or name one with DOCKER_HOST" in ran.output


def test_a_machine_with_an_oci_runtime_is_looked_at_without_an_engine(
    oci_root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("DOCKER_HOST", "unix:///no.sock")

    assert main(["doctor", "--sandbox=oci", f"--image={oci_root}"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines if not line.startswith(" ")] == [
        *("kernel", "swap", "memory", "waiting", "results-disk", "sandbox")
    ]
    assert main(["doctor", "--sandbox=oci", "--image=/no/such/folder"]) == 1
    assert "/no/such/folder is no root file system" in capsys.readouterr().out


def test_several_engines_are_looked_at_one_after_the_other(
    docker_cli: DockerSandbox, oci_root: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["doctor", "--engine=docker:", f"--engine=oci:{oci_root},jobs=3"]) == 0

    lines = capsys.readouterr().out.splitlines()
    first, second = lines.index("docker:"), lines.index(f"oci:{oci_root}")
    assert first < second
    assert [line.split()[:2] for line in lines if "sandbox  " in line] == [["ok", "sandbox"]] * 2
    assert any("3 jobs may use" in line for line in lines[second:])
    assert main(["doctor", "--engine=docker:", "--engine=unix:///no.sock"]) == 1
