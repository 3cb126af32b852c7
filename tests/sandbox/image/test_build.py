"""The image is made once: out of a full system in the engine, or of Debian's packages where no registry answers."""

import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest

from bitsec_eval.core.errors import SandboxError, SettingsError
from bitsec_eval.sandbox.docker.engine import DockerSandbox
from bitsec_eval.sandbox.image import build, rootfs
from bitsec_eval.sandbox.image.build import build_image, importable_modules, pull_seconds
from bitsec_eval.sandbox.image.recipe import IMAGE, Recipe
from bitsec_eval.sandbox.image_content import folder_content

MADE = "bitsec-eval/made-by-a-test:1"
DEAD_MIRROR = {"BITSEC_DEBIAN_MIRROR": "http://127.0.0.1:9/debian", "BITSEC_PULL_SECONDS": "1"}


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
def removed(engine: DockerSandbox) -> Iterator[None]:
    yield
    subprocess.run(["docker", "image", "rm", "--force", MADE], capture_output=True, check=False)


@pytest.fixture
def hung_registry() -> Iterator[str]:
    """An address that accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}/python:3.11-slim"


@pytest.mark.usefixtures("removed")
def test_a_base_in_the_engine_is_packed_once(lines: list[str]):
    """The sandbox image holds all that packing takes, so it serves as the base of another."""
    recipe = Recipe(image=MADE, base=IMAGE)

    assert build_image(os.environ, lines.append, recipe)
    assert not build_image(os.environ, lines.append, recipe)
    assert lines == [f"packing {MADE} out of {IMAGE}"]
    assert _print_in(MADE, "import ssl, sqlite3, zoneinfo; print(zoneinfo.ZoneInfo('Europe/Berlin'))") == (
        "Europe/Berlin\n"
    )


@pytest.mark.usefixtures("engine")
def test_a_registry_that_hangs_is_given_up(hung_registry: str, lines: list[str]):
    start = monotonic()

    with pytest.raises(SandboxError, match="apt-get could not read Debian's package lists from http://127.0.0.1:9/"):
        build_image({**os.environ, **DEAD_MIRROR}, lines.append, Recipe(image=MADE, base=hung_registry))
    told = f"since {hung_registry} could not be pulled: its registry was silent for 1 s; raise BITSEC_PULL_SECONDS"
    assert lines == [f"packing {MADE} out of Debian packages, {told} if it is slow"]
    assert monotonic() - start < 60


@pytest.mark.usefixtures("engine")
def test_a_base_without_python_is_a_line(tmp_path: Path, lines: list[str]):
    (tmp_path / "hello").write_text("hello")
    subprocess.run(
        f"tar -C {tmp_path} -c . | docker import - {MADE}-empty", shell=True, check=True, capture_output=True
    )
    try:
        with pytest.raises(SandboxError, match=f"^could not run {MADE}-empty: .*python3.11"):
            build_image(os.environ, lines.append, Recipe(image=MADE, base=f"{MADE}-empty"))
    finally:
        subprocess.run(["docker", "image", "rm", f"{MADE}-empty"], check=True, capture_output=True)


@pytest.mark.parametrize("told", ["0", "soon", "-1", "inf"])
def test_seconds_of_a_pull_are_seconds(told: str):
    with pytest.raises(SettingsError, match="BITSEC_PULL_SECONDS must be seconds above 0"):
        pull_seconds({"BITSEC_PULL_SECONDS": told})


def test_an_engine_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch, lines: list[str]):
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")

    with pytest.raises(SandboxError, match="^no Docker engine answers: .*; start one, or name one with DOCKER_HOST$"):
        build_image(os.environ, lines.append)


@pytest.mark.skipif(os.geteuid() != 0, reason="the files of an OCI root belong to root")
def test_an_oci_root_holds_the_same_whether_or_not_there_is_an_engine(
    engine: DockerSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: list[str]
):
    rootfs.build_rootfs(tmp_path / "engine", os.environ, lines.append)
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")

    rootfs.build_rootfs(tmp_path / "packages", os.environ, lines.append)

    assert folder_content(tmp_path / "packages") == folder_content(tmp_path / "engine")
    assert [line.partition(" out of ")[2].partition(",")[0] for line in lines][-1:] == ["Debian packages"]


@pytest.mark.skipif(os.geteuid() != 0, reason="the files of an OCI root belong to root")
def test_a_folder_of_other_files_is_never_replaced(tmp_path: Path, lines: list[str]):
    (tmp_path / "thesis.txt").write_text("years of work")

    with pytest.raises(SettingsError, match="holds other files, which would be lost; give an empty folder"):
        rootfs.build_rootfs(tmp_path, os.environ, lines.append)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


@pytest.mark.usefixtures("engine")
def test_the_modules_that_agents_can_import_are_listed():
    assert {"json", "ssl", "sqlite3"} <= set(importable_modules())
    assert "tkinter" not in importable_modules()


def test_building_names_no_steps_of_its_own_when_the_image_is_there(engine: DockerSandbox, lines: list[str]):
    build.build_image(os.environ, lines.append)
    lines.clear()

    assert not build.build_image(os.environ, lines.append)
    assert lines == []


def _print_in(image: str, code: str) -> str:
    command = ["docker", "run", "--rm", "--network", "none", image, "python3", "-I", "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
