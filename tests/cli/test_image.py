"""`bitsec-eval image build --with`: what it prints is what a task and a hub need."""

from pathlib import Path

import pytest
from sandbox.image.wheels import make_wheel, own_name, remove_image, requirements_of

from bitsec_eval.cli import main
from bitsec_eval.core.tasks.task import Task
from bitsec_eval.sandbox.docker.engine import DockerSandbox
from bitsec_eval.support.image_modules import read_modules


def test_it_prints_what_to_write_into_the_task_and_notes_it_for_a_hub(
    engine: DockerSandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    make_wheel(tmp_path, "greetings", {"greetings.py": "", "broken.py": "import nowhere\n"})
    requirements, listing, name = requirements_of(tmp_path, "greetings"), tmp_path / "images.json", own_name("cli")
    command = ["image", "build", f"--with={requirements}", f"--name={name}", f"--list={listing}"]
    try:
        codes = [main(command), main(command)]
    finally:
        remove_image(name)

    assert codes == [0, 0]
    lines = capsys.readouterr().out.splitlines()
    pinned = lines[-1].removeprefix('write into the task: image="').removesuffix('"')
    assert Task(prompt="x", image=pinned).image == pinned
    assert f"{name}: made" in lines
    assert f"{name}: up to date" in lines
    assert "    agents may import greetings" in lines
    assert any("left out: broken, which cannot be imported in a sandbox (ModuleNotFound" in line for line in lines)
    assert read_modules(listing) == {pinned: frozenset({"greetings"})}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--name=x:1"], "--name, --list and --git are for an image with libraries; give --with requirements.txt"),
        (["--list=x.json"], "--name, --list and --git are for an image with libraries; give --with requirements.txt"),
        (["--git"], "--name, --list and --git are for an image with libraries; give --with requirements.txt too"),
        (["--with=r.txt", "--name=No Name"], "--name No Name: no name of an image; give one as in"),
    ],
)
def test_options_that_say_nothing_are_refused(options: list[str], words: str, capsys: pytest.CaptureFixture[str]):
    assert main(["image", "build", *options]) == 2
    assert words in capsys.readouterr().err
