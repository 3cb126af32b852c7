"""--imports=image: a hub accepts what the images of its tasks have, by a file beside the tasks."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bitsec_eval.core.errors import SettingsError
from bitsec_eval.support.image_modules import note_modules, read_modules
from tests.hub.conftest import ROOT, StartHub, agent

PINNED = "bitsec-eval/libraries:numeric@sha256:" + "a" * 64
OTHER = "bitsec-eval/libraries:other@sha256:" + "b" * 64
TASK = """
from bitsec_eval import Task
TASK = Task(prompt="Add.", protocol="agent_main", image={image!r})


def test_x(answer): ...
"""
NUMERIC = b"import numpy\n" + agent()
CALLED = b"import numpy.linalg\n\n\ndef agent_main(input):\n    return '4'\n"


def add_task(folder: Path, image: str = PINNED) -> Path:
    suites = folder / "suites"
    (suites / "demo").mkdir(parents=True, exist_ok=True)
    (suites / "demo/test_numeric.py").write_text(TASK.format(image=image))
    return suites / "images.json"


def test_what_the_images_of_the_tasks_have_may_be_imported(start_hub: StartHub, tmp_path: Path):
    listing = add_task(tmp_path)
    note_modules(listing, PINNED, ["numpy"])
    note_modules(listing, OTHER, ["torch"])
    hub = start_hub("--imports=image")

    for number, source in enumerate((NUMERIC, CALLED)):
        assert hub.upload(f"m{number}", source).status_code == 201
    refused = hub.upload("n", b"import torch\n" + agent())

    assert refused.status_code == 422
    told = refused.json()
    assert told["reason"] == "not_stdlib"
    assert told["sentence"] == (
        "Line 1 imports torch, which is not in Python 3.11's standard library, nor in an image of a task."
    )
    assert told["remedy"] == (
        "Use the standard library, and in tasks whose image has it numpy; nothing else is installed."
    )


def test_tasks_tell_their_protocol_and_what_their_image_has(start_hub: StartHub, tmp_path: Path):
    note_modules(add_task(tmp_path), PINNED, ["numpy"])
    hub = start_hub("--imports=image")

    told = {task["id"]: (task["protocol"], task["image"], task["libraries"]) for task in hub.get("/tasks").json()}

    assert told == {"demo/numeric": ("agent_main", PINNED, ["numpy"]), "demo/one": ("cli", "", [])}
    page = hub.get("/submit").text
    assert "answer · 1 check · 10 s · agent_main" in page
    assert "Runs in the image <code>bitsec-eval/libraries:numeric</code>" in page


def test_the_standard_library_is_the_rule_unless_it_is_said(start_hub: StartHub, tmp_path: Path):
    note_modules(add_task(tmp_path), PINNED, ["numpy"])
    hub = start_hub()

    refused = hub.upload("m", NUMERIC)

    assert refused.json()["sentence"] == "Line 1 imports numpy, which is not in Python 3.11's standard library."
    assert [task["libraries"] for task in hub.get("/tasks").json()] == [[], []]


def test_a_suite_is_started_another_way_by_an_option(start_hub: StartHub):
    hub = start_hub("--protocol=agent_main")

    assert [task["protocol"] for task in hub.get("/tasks").json()] == ["agent_main"]


def test_tasks_and_images_may_come_while_the_hub_runs(start_hub: StartHub, tmp_path: Path):
    hub = start_hub("--imports=image")
    assert hub.upload("m", NUMERIC).status_code == 422

    note_modules(add_task(tmp_path), PINNED, ["numpy"])

    assert hub.upload("m", NUMERIC).status_code == 201
    (tmp_path / "suites/images.json").write_text("{")  # spoilt: what it said before still holds
    assert hub.upload("n", NUMERIC + b"#").status_code == 201


def test_an_image_of_which_nothing_is_known_ends_the_start(tmp_path: Path):
    listing = add_task(tmp_path)
    command = [sys.executable, "-m", "hub", "--port=0", f"--tasks={listing.parent}", "--imports=image"]

    done = subprocess.run(
        [*command, f"--agents={tmp_path / 'agents'}"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )

    assert done.returncode == 4
    assert done.stderr.strip() == (
        f"hub: --imports=image: {listing} lacks {PINNED}, the image of demo/numeric; note it with bitsec-eval image"
        f" build --with REQUIREMENTS --name bitsec-eval/libraries:numeric --list {listing}"
    )


@pytest.mark.parametrize("text", ["{", "[1]", '{"a": 1}', '{"a": [1]}', "[" * 100_000])
def test_a_listing_in_another_form_is_refused(tmp_path: Path, text: str):
    path = tmp_path / "images.json"
    path.write_text(text)

    with pytest.raises(SettingsError, match="not what bitsec-eval image build --list writes; let it write the file"):
        read_modules(path)


def test_noting_one_image_keeps_the_others(tmp_path: Path):
    path = tmp_path / "images.json"
    note_modules(path, PINNED, ["numpy"])
    note_modules(path, OTHER, ["b", "a"])
    note_modules(path, PINNED, ["scipy"])

    assert json.loads(path.read_text()) == {PINNED: ["scipy"], OTHER: ["a", "b"]}


def test_a_listing_that_cannot_be_written_is_told(tmp_path: Path):
    (tmp_path / "file").write_text("")

    with pytest.raises(SettingsError, match=r"file/images.json: Not a directory"):
        note_modules(tmp_path / "file/images.json", PINNED, ["numpy"])
