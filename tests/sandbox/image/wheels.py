"""A wheel of our own, and images made of it: no package index is needed for these."""

import os
import subprocess
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bitsec_eval.sandbox.image.libraries_build import MadeImage, build_libraries_image


def make_wheel(folder: Path, name: str, files: dict[str, str], version: str = "1.0") -> None:
    """Write NAME-VERSION-py3-none-any.whl into a folder."""
    info = f"{name}-{version}.dist-info"
    told = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},,\n" for path in (*files, *told, f"{info}/RECORD"))
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        for path, text in {**files, **told, f"{info}/RECORD": record}.items():
            wheel.writestr(path, text)


def requirements_of(folder: Path, *names: str) -> Path:
    """Return a requirements file for wheels in a folder, and nowhere else."""
    path = folder / "requirements.txt"
    path.write_text("\n".join(["--no-index", f"--find-links {folder}", *names]) + "\n")
    return path


@contextmanager
def made_image(folder: Path, name: str, files: dict[str, str], version: str = "1.0") -> Iterator[MadeImage]:
    """Make the image `name` with the one library `greetings`, and remove it in the end."""
    make_wheel(folder, "greetings", files, version)
    try:
        yield build_libraries_image(requirements_of(folder, f"greetings=={version}"), name, folder / "state")
    finally:
        remove_image(name)


def remove_image(name: str) -> None:
    """Forget an image, if it is there."""
    subprocess.run(["docker", "image", "rm", "--force", name], capture_output=True, check=False)


def own_name(tag: str) -> str:
    """Return an image's name that no other test on this machine uses."""
    return f"bitsec-eval/libraries:{tag}-{os.getpid()}"
