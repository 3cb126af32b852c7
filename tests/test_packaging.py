"""What `pip install bitsec-eval` brings: the plugin by its entry point, and every file it reads at run time."""

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def archive(wheel: Path) -> Iterator[zipfile.ZipFile]:
    with zipfile.ZipFile(wheel) as opened:
        yield opened


def test_the_wheel_holds_the_package_whole_and_nothing_else(archive: zipfile.ZipFile):
    tracked = subprocess.run(["git", "ls-files", "bitsec_eval"], cwd=ROOT, capture_output=True, text=True, check=True)

    names = set(archive.namelist())
    assert set(tracked.stdout.split()) <= names
    assert {name.split("/")[0].split("-")[0] for name in names} <= {"bitsec_eval"}


def test_the_plugin_is_found_by_its_entry_point_and_named_after_its_module(archive: zipfile.ZipFile):
    told = next(archive.read(name).decode() for name in archive.namelist() if name.endswith("entry_points.txt"))

    assert "[pytest11]\nbitsec_eval.plugin = bitsec_eval.plugin" in told


def test_an_installed_plugin_and_a_conftest_that_names_it_get_along(tmp_path: Path):
    if not any(point.name == "bitsec_eval.plugin" for point in entry_points(group="pytest11")):
        pytest.skip("bitsec-eval is not installed in this environment; script/test installs it")
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["bitsec_eval.plugin"]\n')
    (tmp_path / "test_it.py").write_text("def test_it(): pass\n")

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q"], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
