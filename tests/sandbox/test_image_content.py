"""An image has one digest, whichever engine has it and however it got there."""

import io
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from bitsec_eval.sandbox.docker.engine import DockerSandbox
from bitsec_eval.sandbox.image_content import folder_content, tar_content

FILES = {"bin/python3": b"\x7fELF", "lib/os.py": b"import sys\n", "lib/deep/a.py": b""}


def folder(at: Path, files: dict[str, bytes] = FILES) -> Path:
    for name, content in files.items():
        path = at / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(0o644)
    (at / "bin/python").symlink_to("python3")
    return at


def tar_of(at: Path) -> io.BytesIO:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        tar.add(at, arcname=".")
    packed.seek(0)
    return packed


def test_a_folder_and_a_tar_of_it_are_one_image(tmp_path: Path):
    root = folder(tmp_path / "root")

    assert folder_content(root) == tar_content(tar_of(root))


def test_a_second_name_of_a_file_is_a_file(tmp_path: Path):
    root = folder(tmp_path / "root")
    os.link(root / "lib/os.py", root / "lib/zz.py")

    assert folder_content(root) == tar_content(tar_of(root))


@pytest.mark.parametrize("made", [".dockerenv", "etc/hosts", "etc/resolv.conf", "dev/console", "proc/version"])
def test_what_an_engine_makes_for_each_container_is_left_out(tmp_path: Path, made: str):
    root = folder(tmp_path / "root")
    before = folder_content(root)
    folder_of_it = (root / made).parent
    folder_of_it.mkdir(exist_ok=True)
    (root / made).write_text("of the engine")

    assert folder_content(root) == before == tar_content(tar_of(root))


def content(root: Path) -> None:
    (root / "lib/os.py").write_bytes(b"import sys #\n")


def permission(root: Path) -> None:
    (root / "lib/os.py").chmod(0o755)


def name(root: Path) -> None:
    (root / "lib/os.py").rename(root / "lib/oz.py")


def link(root: Path) -> None:
    (root / "bin/python").unlink()
    (root / "bin/python").symlink_to("python4")


@pytest.mark.parametrize("change", [content, permission, name, link])
def test_whatever_a_guest_could_notice_makes_another_image(tmp_path: Path, change):
    root = folder(tmp_path / "root")
    before = folder_content(root)

    change(root)

    assert folder_content(root) != before


def test_the_real_image_is_the_same_in_an_engine_and_as_a_folder(engine: DockerSandbox, oci_root: Path):
    made = subprocess.run(["docker", "create", engine.image, "x"], capture_output=True, text=True, check=True)
    container = made.stdout.strip()
    try:
        with subprocess.Popen(["docker", "export", container], stdout=subprocess.PIPE) as exported:
            assert exported.stdout is not None
            found = tar_content(exported.stdout)
    finally:
        subprocess.run(["docker", "rm", container], capture_output=True, check=True)

    assert found == folder_content(oci_root)
