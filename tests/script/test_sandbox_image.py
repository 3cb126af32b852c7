"""The sandbox image holds Python, its standard library and nothing that would help an agent to more than that."""

import json
import os
import shutil
import subprocess

import pytest

from bitsec_eval.core.agents.stdlib_modules import STDLIB_MODULES
from tests.script.machine import REPOSITORY

pytestmark = pytest.mark.docker
IMAGE = "bitsec-eval/python:3.11"

PROBE = r"""
import json, os, stat, sys

found = {"setuid": [], "packages": [], "programs": [], "not_compiled": [], "checks_dates": []}
library = os.path.dirname(os.__file__)
for folder, folders, names in os.walk("/"):
    if folder == "/":
        folders[:] = [name for name in folders if name not in ("proc", "sys", "dev")]
    if folder.endswith("-packages"):
        found["packages"].append(folder)
    for name in names:
        path = os.path.join(folder, name)
        mode = os.lstat(path).st_mode
        if mode & (stat.S_ISUID | stat.S_ISGID):
            found["setuid"].append(path)
        if folder.endswith("bin"):
            found["programs"].append(name)
        if folder.startswith(library) and name.endswith(".py"):
            compiled = os.path.join(folder, "__pycache__", name[:-3] + "." + sys.implementation.cache_tag + ".pyc")
            if not os.path.exists(compiled):
                found["not_compiled"].append(path)
            elif open(compiled, "rb").read(8)[4] != 1:  # PEP 552: bytecode that is never checked against its source
                found["checks_dates"].append(compiled)
found["version"] = list(sys.version_info[:2])
print(json.dumps(found))
"""

WORKS = """
import asyncio, bz2, ctypes, decimal, lzma, multiprocessing, os, socket, sqlite3, ssl, subprocess, unittest, zoneinfo
from distutils.version import LooseVersion

assert zoneinfo.ZoneInfo("Europe/Berlin")
assert multiprocessing.Pool(2).map(abs, [-1, -2]) == [1, 2]
assert sqlite3.connect(":memory:").execute("select 1").fetchone() == (1,)
assert ctypes.CDLL("libc.so.6").getpid() == os.getpid()
assert socket.getaddrinfo("localhost", 80)[0][4] == ("127.0.0.1", 80)
assert subprocess.check_output("echo $((6 * 7))", shell=True) == b"42\\n"
assert lzma.decompress(lzma.compress(b"x")) == bz2.decompress(bz2.compress(b"x")) == b"x"
ssl.create_default_context()
asyncio.run(asyncio.sleep(0))
print("works")
"""


def python_in_the_image(code: str) -> str:
    """What a script prints in a container as bare as an agent's."""
    guards = ["--network", "none", "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--user", "20001:20001"]
    command = ["docker", "run", "--rm", "-i", *guards, IMAGE, "python", "-I", "-"]
    done = subprocess.run(command, input=code, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module", autouse=True)
def image():
    """The image, or a skip that a machine which must have an engine takes for a failure."""
    present = shutil.which("docker") and subprocess.run(["docker", "image", "inspect", IMAGE], capture_output=True)
    if not present or present.returncode != 0:
        refuse = pytest.fail if os.environ.get("BITSEC_REQUIRE_DOCKER") else pytest.skip
        refuse(f"no {IMAGE} here; run script/setup")


@pytest.fixture(scope="module")
def content():
    return json.loads(python_in_the_image(PROBE))


def test_it_runs_the_python_that_agents_are_written_for(content):
    assert content["version"] == [3, 11]


def test_nothing_in_it_runs_as_another_user(content):
    assert content["setuid"] == []


def test_no_third_party_module_has_a_place_in_it(content):
    assert content["packages"] == []


def test_its_only_programs_are_python_and_a_shell(content):
    assert set(content["programs"]) == {"dash", "python", "python3", "python3.11", "sh"}


def test_every_module_is_compiled_and_stays_so_on_a_read_only_root(content):
    assert (content["not_compiled"], content["checks_dates"]) == ([], [])


def test_what_agents_use_works_for_a_user_without_a_name():
    assert python_in_the_image(WORKS) == "works\n"


def test_the_list_of_standard_modules_is_what_it_can_import():
    script = (REPOSITORY / "bitsec_eval/sandbox/image/importable.py").read_text()

    assert frozenset(python_in_the_image(script).split()) == STDLIB_MODULES


def test_it_is_small():
    size = subprocess.check_output(["docker", "image", "inspect", "--format", "{{.Size}}", IMAGE], text=True)

    assert int(size) < 80_000_000
