"""Makes an image with libraries: in a Docker engine, or as a folder for an OCI runtime."""

import io
import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bitsec_eval.core.errors import SandboxError
from bitsec_eval.core.tasks.image_name import folder_of
from bitsec_eval.sandbox.docker.engine import DockerSettings, docker_sandbox
from bitsec_eval.sandbox.engines import engine_settings
from bitsec_eval.sandbox.hardening.policy import IMAGE
from bitsec_eval.sandbox.image.layers import inspected, label_of, machine_of_engine, run
from bitsec_eval.sandbox.image.libraries import (
    COMPILE,
    LABEL,
    LISTING,
    Libraries,
    check_requirements,
    distributions_of,
    importable_libraries,
    library_layer,
    recipe_digest,
    work_folder,
)
from bitsec_eval.sandbox.image_content import folder_content
from bitsec_eval.sandbox.image_digest import content_digest
from bitsec_eval.sandbox.oci.engine import OciSettings, oci_sandbox


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeImage:
    """An image with libraries: what a task writes for it (NAME@sha256:DIGEST), and what is in it.

    `made` is False where it was there and up to date.
    """

    pinned: str
    libraries: Libraries
    made: bool = True


def build_libraries_image(
    requirements: Path, name: str, state: Path, base: str = IMAGE, *, git: bool = False
) -> MadeImage:
    """Make the image `name` on `base` in the Docker engine, with `git` or not, unless it is there and up to date.

    Raises:
        SettingsError: the requirements file cannot be used.
        SandboxError: there is no base image, or a step failed; the message ends with the step's own words.
    """
    digest = recipe_digest(check_requirements(requirements), inspected(base, "{{.Id}}"), git=git)
    if label_of(name, LABEL) == digest:
        return MadeImage(pinned=_pinned(name, state), libraries=listed_in_image(name), made=False)
    with work_folder() as folder, _container(base) as container:
        layer = library_layer(requirements, Path(folder), machine_of_engine(), git=git)
        with layer.open("rb") as archive:
            run("copy into a container", "docker", "cp", "-", f"{container}:/", stdin=archive)
        run("compile the libraries", "docker", "start", "--attach", container, fails=False)
        libraries = _tried(container, state, distributions_of(layer))
        _add_listing(container, libraries)
        run("commit an image", "docker", "commit", "--change", f"LABEL {LABEL}={digest}", container, name)
    return MadeImage(pinned=_pinned(name, state), libraries=libraries)


def _pinned(name: str, state: Path) -> str:
    with docker_sandbox(DockerSettings(state=state, image=name)) as engine:
        return f"{name}@{content_digest(engine, state)}"


@contextmanager
def _container(base: str) -> Iterator[str]:
    command = ("docker", "create", "--network", "none", "--entrypoint", "python3", base, *COMPILE)
    container = run("create a container", *command).decode().strip()
    try:
        yield container
    finally:
        run("remove a container", "docker", "rm", "--force", container)


def _tried(container: str, state: Path, distributions: tuple[str, ...]) -> Libraries:
    draft = run("commit an image", "docker", "commit", container).decode().strip()
    try:
        with docker_sandbox(DockerSettings(state=state, image=draft)) as engine:
            return importable_libraries(engine, distributions)
    finally:
        with suppress(SandboxError):
            run("remove an image", "docker", "image", "rm", draft)


def _add_listing(container: str, libraries: Libraries) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        content = libraries.as_json()
        entry = tarfile.TarInfo(LISTING)
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
    run("copy into a container", "docker", "cp", "-", f"{container}:/", given=packed.getvalue())


def listed_in_image(name: str) -> Libraries:
    """Return what an image of the Docker engine says of its libraries.

    Raises:
        SandboxError: there is no such image, or it has no libraries of ours.
    """
    container = run("look into an image", "docker", "create", name, "true").decode().strip()
    try:
        packed = run(f"find /{LISTING} in {name}", "docker", "cp", f"{container}:/{LISTING}", "-")
    finally:
        run("remove a container", "docker", "rm", container)
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        content = tar.extractfile(tar.getmembers()[0])
        assert content is not None  # noqa: S101 - it is a file
        return Libraries.from_json(content.read())


def build_libraries_rootfs(requirements: Path, name: str, state: Path, base: Path, *, git: bool = False) -> MadeImage:
    """Lay the image out in a folder beside `base`, the root file system of the sandbox image, with `git` or not.

    Raises:
        SettingsError: the requirements file cannot be used.
        SandboxError: a step failed.
    """
    check_requirements(requirements)
    folder = base.parent / folder_of(name)
    with work_folder(base.parent) as work:
        new = Path(work) / "root"
        run("copy the root file system", "cp", "-a", str(base), str(new))
        layer = library_layer(requirements, Path(work), os.uname().machine, git=git)
        with tarfile.open(layer) as archive:
            archive.extractall(new, filter="tar")
        run("compile the libraries", "chroot", str(new), "/usr/bin/python3", *COMPILE, fails=False)
        settings = engine_settings("oci", state, str(new), None)
        assert isinstance(settings, OciSettings)  # noqa: S101 - asked for above
        Path(work).chmod(0o755)
        with oci_sandbox(settings) as engine:
            libraries = importable_libraries(engine, distributions_of(layer))
        (new / LISTING).write_bytes(libraries.as_json())
        if folder.exists():
            folder.rename(Path(work) / "old")
        new.rename(folder)
    return MadeImage(pinned=f"{name}@sha256:{folder_content(folder)}", libraries=libraries)
