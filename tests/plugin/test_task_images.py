"""Tasks with images of their own: compared by digest before the first run, each with its own libraries."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from exported import export
from plugin.evaluations import evaluate
from sandbox.image.wheels import made_image, own_name

from bitsec_eval.core.errors import TaskError
from bitsec_eval.core.junit.reader import read_junit
from bitsec_eval.core.tasks.image_name import folder_of
from bitsec_eval.core.tasks.task import Task
from bitsec_eval.sandbox.docker.engine import DockerSandbox
from bitsec_eval.sandbox.image.libraries_build import MadeImage

TASK = """
from bitsec_eval import Task
TASK = Task(prompt="greet", timeout=10, image={image!r})


def test_is_greeted(solution):
    assert solution.greet() == {greeting!r}
"""
GREETER = """
import greetings
print("import greetings\\ndef greet():\\n    return greetings.hello()")
"""
HONEST = "print('def greet():\\n    return \"none\"')\n"
ELSE = "f" * 64


@pytest.fixture(scope="module")
def images(engine: DockerSandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[MadeImage]]:
    """Two images whose library of one name says something else."""
    english = {"greetings.py": "def hello():\n    return 'hello'\n"}
    german = {"greetings.py": "def hello():\n    return 'guten Tag'\n"}
    folder = tmp_path_factory.mktemp("wheels")
    with (
        made_image(folder / "en", own_name("en"), english) as one,
        made_image(folder / "de", own_name("de"), german) as other,
    ):
        yield [one, other]


def suite_of(images: list[MadeImage]) -> dict[str, str]:
    return {
        "suite/test_english.py": TASK.format(image=images[0].pinned, greeting="hello"),
        "suite/test_german.py": TASK.format(image=images[1].pinned, greeting="guten Tag"),
        "suite/test_plain.py": TASK.format(image="", greeting="none"),
    }


def test_several_images_share_an_evaluation(images: list[MadeImage], tmp_path: Path):
    agents = {"greeter": GREETER, "honest": HONEST, "broken": "raise SystemExit(1)\n"}

    ran = evaluate(tmp_path, agents=agents, tasks=suite_of(images))

    assert ran.status == 0, ran.output
    assert ran.scores() == {"greeter": pytest.approx(200 / 3), "honest": pytest.approx(100 / 3), "broken": 0.0}
    with (tmp_path / "results/junit.xml").open("rb") as stream:
        plan = read_junit(stream).plan
    assert plan is not None
    assert "image" in plan.tasks["suite/english"].parts
    assert "image" not in plan.tasks["suite/plain"].parts


@pytest.fixture(scope="module")
def root(images: list[MadeImage], oci_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The plain image as a folder, and the two others beside it."""
    roots = tmp_path_factory.mktemp("roots")
    roots.chmod(0o755)
    subprocess.run(["cp", "-a", str(oci_root), str(roots / "rootfs")], check=True)
    for image in images:
        name = image.pinned.partition("@")[0]
        folder = roots / folder_of(name)
        folder.mkdir()
        export(name, folder)
    return roots / "rootfs"


@pytest.mark.parametrize(
    "options",
    [
        ("--bitsec-sandbox=oci", "--bitsec-image={root}"),
        ("--bitsec-engine=docker:,jobs=1", "--bitsec-engine=oci:{root},jobs=1"),
    ],
)
def test_an_oci_runtime_finds_them_beside_its_root(
    images: list[MadeImage], root: Path, tmp_path: Path, options: tuple[str, ...]
):
    given = [option.format(root=root) for option in options]

    ran = evaluate(tmp_path, *given, agents={"greeter": GREETER}, tasks=suite_of(images))

    assert ran.status == 0, ran.output
    assert ran.scores() == {"greeter": pytest.approx(200 / 3)}


def test_an_image_of_another_digest_is_refused_before_anything_runs(images: list[MadeImage], tmp_path: Path):
    name, _, digest = images[0].pinned.partition("@")
    task = TASK.format(image=f"{name}@sha256:{ELSE}", greeting="hello")

    ran = evaluate(tmp_path, agents={"greeter": GREETER}, tasks={"suite/test_english.py": task})

    assert ran.status == 4
    assert (
        f"suite/english: image {name} holds {digest} here, and TASK asks for sha256:{ELSE}; make the one it was"
        f" written for (bitsec-eval image build --with REQUIREMENTS --name {name}), or correct TASK"
    ) in ran.output
    assert not (tmp_path / "results/junit.xml").exists()


def test_an_image_that_is_not_there_is_refused_with_the_command_that_makes_it(tmp_path: Path, engine: DockerSandbox):
    name = own_name("gone")
    task = TASK.format(image=f"{name}@sha256:{ELSE}", greeting="hello")

    ran = evaluate(tmp_path, agents={"greeter": GREETER}, tasks={"suite/test_english.py": task})

    assert ran.status == 4
    assert (
        f"suite/english: the engine has no image {name};"
        f" make it with bitsec-eval image build --with REQUIREMENTS --name {name}"
    ) in ran.output


def test_docker_s_own_id_of_an_image_is_as_good(images: list[MadeImage], tmp_path: Path):
    name = images[0].pinned.partition("@")[0]
    command = ["docker", "image", "inspect", "--format", "{{.Id}}", name]
    id_ = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    task = TASK.format(image=f"{name}@{id_}", greeting="hello")

    ran = evaluate(tmp_path, agents={"greeter": GREETER}, tasks={"suite/test_english.py": task})

    assert ran.scores() == {"greeter": 100.0}


@pytest.mark.parametrize("image", ["numpy", "numpy:1", f"@sha256:{ELSE}", f"numpy@{ELSE}", "numpy@sha256:12", 7])
def test_a_name_alone_is_refused(image: object):
    words = "image must be NAME@sha256: and 64 hexadecimal digits, as bitsec-eval image build --with prints it, got"

    with pytest.raises(TaskError, match=words):
        Task(prompt="greet", image=image)


def test_answers_of_another_image_are_not_reused(images: list[MadeImage], tmp_path: Path):
    """The agent, the prompt and the limits are the same: only what the sandbox holds is another."""
    agents = {"teller": "import greetings\nprint(greetings.hello(), end='')\n"}
    task = TASK.replace("solution.greet()", "answer").replace("solution", "answer")

    turns = [(images[0], "hello", False), (images[1], "guten Tag", False), (images[0], "hello", True)]
    for image, greeting, is_reused in turns:
        text = task.format(image=image.pinned, greeting=greeting)
        ran = evaluate(tmp_path, "--bitsec-reuse", agents=agents, tasks={"suite/test_it.py": text})
        assert ran.scores() == {"teller": 100.0}, ran.output
        assert ("origin" in (tmp_path / "results/junit.xml").read_text()) is is_reused
