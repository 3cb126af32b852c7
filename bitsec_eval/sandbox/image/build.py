"""Make the sandbox image: for a Docker engine, or as a folder for an OCI runtime.

It is packed out of python:3.11-slim, or of Debian packages where no registry answers; agents find the same in both.
"""

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from bitsec_eval.core.errors import SandboxError, SettingsError
from bitsec_eval.sandbox.image.commands import run_command
from bitsec_eval.sandbox.image.debian import unpack
from bitsec_eval.sandbox.image.engine import ImageEngine, image_engine
from bitsec_eval.sandbox.image.recipe import LABEL, PYTHON, RECIPE, Recipe, digest, program

PULL_SECONDS = 15.0
Log = Callable[[str], None]


def build_image(environ: Mapping[str, str], log: Log, recipe: Recipe = RECIPE) -> bool:
    """Make the image in the engine that the environment names; return False where it is up to date.

    `log` is told of each step that takes time.

    Raises:
        SandboxError: no engine answers, or a step failed.
        SettingsError: BITSEC_PULL_SECONDS is no number of seconds.
    """
    with image_engine() as engine:
        if engine.label_of(recipe.image, LABEL) == digest():
            return False
        with tempfile.TemporaryDirectory(prefix="bitsec-image-") as folder:
            work = Path(folder)
            _pack(engine, recipe, _base(engine, recipe, environ, work, log), work)
        engine.prune(LABEL)
    return True


def pull_seconds(environ: Mapping[str, str]) -> float:
    """Return how long a registry may be silent.

    Raises:
        SettingsError: that is no number of seconds.
    """
    told = environ.get("BITSEC_PULL_SECONDS", "") or str(PULL_SECONDS)
    try:
        seconds = float(told)
    except ValueError:
        seconds = 0
    if not 0 < seconds < 1e6:
        raise SettingsError(f"BITSEC_PULL_SECONDS must be seconds above 0 (got {told!r})")
    return seconds


def _base(engine: ImageEngine, recipe: Recipe, environ: Mapping[str, str], work: Path, log: Log) -> str:
    """Return the name of a full system in the engine."""
    if engine.label_of(recipe.base, LABEL) is None:
        try:
            with image_engine(pull_seconds(environ)) as patient:
                patient.pull(recipe.base)
        except SandboxError as error:
            log(f"packing {recipe.image} out of Debian packages, since {error}")
            return _unpacked(engine, recipe, environ, work)
    log(f"packing {recipe.image} out of {recipe.base}")
    return recipe.base


def _unpacked(engine: ImageEngine, recipe: Recipe, environ: Mapping[str, str], work: Path) -> str:
    root = unpack(recipe.packages, _folder(work, "debian"), engine.architecture(), environ)
    archive = work / "unpacked.tar"
    tar = ["tar", "--owner=0", "--group=0", f"--file={archive}", "-C", str(root), "-c", "."]
    run_command("tar could not pack Debian's Python", tar)
    engine.import_tar(archive, recipe.unpacked)
    return recipe.unpacked


def _pack(engine: ImageEngine, recipe: Recipe, base: str, work: Path) -> None:
    archive = work / "image.tar"
    with archive.open("wb") as stream:
        engine.run_python(base, PYTHON, program("pack.py"), stream)
    engine.import_tar(archive, recipe.image, [*recipe.changes, f"LABEL {LABEL}={digest()}"])
    if base == recipe.unpacked:
        engine.remove(base)


def importable_modules() -> list[str]:
    """Return the standard modules that an agent can really import in the image.

    Raises:
        SandboxError: no engine answers, or it lacks the image.
    """
    with image_engine() as engine, tempfile.TemporaryFile() as printed:
        engine.run_python(RECIPE.image, "python3", program("importable.py"), printed)
        printed.seek(0)
        return printed.read().decode().split()


def _folder(parent: Path, name: str) -> Path:
    folder = parent / name
    folder.mkdir()
    return folder
