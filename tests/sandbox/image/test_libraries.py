"""An image with libraries holds what was asked for, says what can be imported, and is the same on every engine."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sandbox.image.wheels import made_image, make_wheel, own_name, requirements_of

from bitsec_eval.core.errors import SandboxError, SettingsError
from bitsec_eval.core.tasks.task import Limits
from bitsec_eval.sandbox.api import Sandbox
from bitsec_eval.sandbox.docker.engine import DockerSandbox, DockerSettings, docker_sandbox
from bitsec_eval.sandbox.execution.agent_run import AgentOrder, run_agent
from bitsec_eval.sandbox.execution.solution_rpc import SolutionRpc
from bitsec_eval.sandbox.image.libraries_build import (
    MadeImage,
    build_libraries_image,
    build_libraries_rootfs,
    listed_in_image,
)
from bitsec_eval.sandbox.oci.engine import OciSettings, oci_sandbox

FILES = {
    "greetings/__init__.py": "def hello():\n    return 'hello'\n",
    "greetings/deep/__init__.py": "",
    "lonely.py": "",
    "broken/__init__.py": "import nowhere\n",
    "greetings.pth": "import os; os.write(2, b'run by itself')\n",
    "data/table.txt": "1",
}
AGENT = b"""
import subprocess, sys
from importlib.metadata import version
import greetings, json
assert greetings.__cached__ and sys.path.index("/opt/libraries") > sys.path.index("/usr/lib/python3.11")
child = subprocess.run([sys.executable, "-c", "import greetings; print(greetings.hello())"], capture_output=True)
print(greetings.hello(), child.stdout.decode().strip(), version("greetings"), child.stderr.decode())
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("wheels")


@pytest.fixture(scope="module")
def image(engine: DockerSandbox, folder: Path) -> Iterator[MadeImage]:
    with made_image(folder, own_name("made"), FILES) as made:
        yield made


def name_of(image: MadeImage) -> str:
    return image.pinned.partition("@")[0]


def printed(sandbox: Sandbox, agent: bytes = AGENT) -> str:
    with sandbox.open(Limits()) as session:
        answer = run_agent(session, AgentOrder(source=agent, prompt="", files={}), Limits())
    return answer.printed + answer.stderr.decode()


def test_it_lists_what_can_be_imported_and_why_the_rest_cannot(image: MadeImage):
    assert image.libraries.distributions == ("greetings==1.0",)
    assert image.libraries.modules == ("greetings", "lonely")
    assert image.libraries.refused == (("broken", "ModuleNotFoundError: No module named 'nowhere'"),)
    assert listed_in_image(name_of(image)).modules == image.libraries.modules


def test_agents_their_children_and_solutions_find_the_libraries(image: MadeImage, folder: Path):
    with docker_sandbox(DockerSettings(state=folder / "state", image=name_of(image))) as sandbox:
        assert printed(sandbox) == "hello hello 1.0 \n"
        with sandbox.open(Limits()) as session:
            calls = SolutionRpc(session, b"import greetings\ngreetings.hello()\n", Limits())
            calls.begin()
            assert calls.fault is None


def test_the_plain_image_has_none_of_it(engine: DockerSandbox):
    assert "No module named 'greetings'" in printed(engine)


def test_it_is_made_once(image: MadeImage, folder: Path):
    again = build_libraries_image(folder / "requirements.txt", name_of(image), folder / "state")

    assert not again.made
    assert (again.pinned, again.libraries.modules) == (image.pinned, image.libraries.modules)


def test_a_folder_for_an_oci_runtime_holds_the_same_and_has_the_same_digest(
    image: MadeImage, folder: Path, oci_root: Path, tmp_path: Path
):
    base = tmp_path / "rootfs"
    subprocess.run(["cp", "-a", str(oci_root), str(base)], check=True)
    tmp_path.chmod(0o755)

    made = build_libraries_rootfs(folder / "requirements.txt", name_of(image), folder / "state", base)

    assert made.pinned == image.pinned
    assert made.libraries == image.libraries
    root = tmp_path / name_of(image).replace("/", "-").replace(":", "-")
    with oci_sandbox(OciSettings(state=folder / "state", root=root)) as sandbox:
        assert printed(sandbox) == "hello hello 1.0 \n"


def test_another_version_is_another_image(image: MadeImage, tmp_path: Path):
    with made_image(tmp_path, own_name("newer"), {"greetings/__init__.py": ""}, "2.0") as newer:
        assert newer.pinned.partition("@")[2] != image.pinned.partition("@")[2]


def test_what_has_no_wheel_is_not_installed(engine: DockerSandbox, tmp_path: Path):
    make_wheel(tmp_path, "greetings", {"greetings.py": ""})

    with pytest.raises(SandboxError, match=r"could not install requirements.txt: .*missing-thing"):
        build_libraries_image(requirements_of(tmp_path, "missing-thing"), own_name("none"), tmp_path / "state")


@pytest.mark.parametrize("text", ["", "# nothing\n\n"])
def test_a_file_that_asks_for_nothing_is_refused(tmp_path: Path, text: str):
    path = tmp_path / "empty.txt"
    path.write_text(text)

    with pytest.raises(SettingsError, match="asks for nothing; write one requirement a line"):
        build_libraries_image(path, own_name("none"), tmp_path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(SettingsError, match="No such file or directory; give a requirements file of pip"):
        build_libraries_image(tmp_path / "gone.txt", own_name("none"), tmp_path)
