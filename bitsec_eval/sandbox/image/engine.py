"""The few requests that making an image takes, by Docker's own SDK: pull, run once, import, export.

Sandboxes themselves are opened by `bitsec_eval.sandbox.docker`, without the SDK.
"""

import json
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

import docker
import docker.errors
import docker.utils
import requests.exceptions
import urllib3.exceptions

from bitsec_eval.core.errors import SandboxError
from bitsec_eval.core.text import one_line
from bitsec_eval.sandbox.docker.engine import ask_engine
from bitsec_eval.sandbox.image.commands import SECONDS, last_words

CALL_SECONDS = 60
_PRINTED = "/printed"
_TO_A_FILE = f'import sys; sys.stdout = open("{_PRINTED}", "w")\n'
"""What a program prints is copied out of its container: logs are text, and the SDK leaves attached sockets open."""

_FAILURES = (
    docker.errors.DockerException,
    requests.exceptions.RequestException,
    urllib3.exceptions.HTTPError,
    OSError,
)
_SILENCES = (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError)


class _TimedClient(docker.APIClient):  # type: ignore[misc]
    """The SDK sets no limit of time to a pull, whatever the client's own; here that holds for all requests."""

    def _set_request_timeout(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        return {**kwargs, "timeout": kwargs.get("timeout") or self.timeout}


@contextmanager
def image_engine(call_seconds: float = CALL_SECONDS) -> Iterator["ImageEngine"]:
    """Connect to the engine that the environment names; `call_seconds` is the longest wait for its next words.

    Raises:
        SandboxError: none answers.
    """
    ask_engine()  # in our words, where it does not answer
    try:
        api = _TimedClient(version="auto", timeout=call_seconds, **docker.utils.kwargs_from_env())
    except _FAILURES as error:
        raise SandboxError(f"Docker's SDK cannot reach the engine: {_words(error)}; {_remedy(error)}") from None
    with closing(api):
        yield ImageEngine(api)


def _remedy(error: Exception) -> str:
    if "paramiko" in str(error):
        return "run pip install 'bitsec-eval[ssh]' for an engine behind ssh"
    return "correct DOCKER_HOST"


class ImageEngine:
    """An engine's images."""

    def __init__(self, api: Any) -> None:
        self._api = api

    def label_of(self, image: str, label: str) -> str | None:
        """Return a label of an image: empty where it has none, None where there is no such image."""
        try:
            with _asking(f"could not look at the image {image}"):
                found = self._api.inspect_image(image)
        except _MissingError:
            return None
        return str((found["Config"].get("Labels") or {}).get(label, ""))

    def architecture(self) -> str:
        """Return the engine's machine in Debian's words, such as amd64."""
        with _asking("could not ask the engine"):
            return str(self._api.version()["Arch"])

    def pull(self, image: str) -> None:
        """Fetch an image from its registry.

        Raises:
            SandboxError: no registry answers in time, or has it.
        """
        with _asking(f"{image} could not be pulled"):
            repository, _, tag = image.rpartition(":")
            try:
                for event in self._api.pull(repository, tag, stream=True, decode=True):
                    if "error" in event:
                        raise SandboxError(f"{image} could not be pulled: {one_line(str(event['error']), 300)}")
            except _SILENCES:
                raise SandboxError(
                    f"{image} could not be pulled: its registry was silent for {self._api.timeout:g} s;"
                    " raise BITSEC_PULL_SECONDS if it is slow"
                ) from None

    def run_python(self, image: str, python: str, program: str, output: BinaryIO) -> None:
        """Run a Python program in a new container without a network; what it prints goes to `output`."""
        with _asking(f"could not run {image}"):
            container = self._api.create_container(
                image, command=["-I", "-c", _TO_A_FILE + program], entrypoint=[python], network_disabled=True
            )["Id"]
            try:
                self._api.start(container)
                if self._api.wait(container, timeout=SECONDS)["StatusCode"] != 0:
                    complaint = last_words(self._api.logs(container, stdout=False, stderr=True, tail=20))
                    raise SandboxError(f"a program failed in {image}: {complaint}")
                self._copy(container, output)
            finally:
                with suppress(*_FAILURES):
                    self._api.remove_container(container, force=True, v=True)

    def _copy(self, container: str, output: BinaryIO) -> None:
        with tempfile.TemporaryFile() as packed:
            chunks, _ = self._api.get_archive(container, _PRINTED)
            for chunk in chunks:
                packed.write(chunk)
            packed.seek(0)
            with tarfile.open(fileobj=packed) as tar:
                printed = tar.extractfile(tar.getmembers()[0])
                assert printed is not None  # noqa: S101 - the program's output is a file
                shutil.copyfileobj(printed, output)

    def import_tar(self, archive: Path, image: str, changes: Sequence[str] = ()) -> None:
        """Make an image of one layer out of a tar of its files."""
        repository, _, tag = image.rpartition(":")
        with _asking(f"the Docker engine refused {image}"), archive.open("rb") as stream:
            chunks = iter(lambda: stream.read(1 << 20), b"")  # the SDK says "chunked", which a file is not
            told = self._api.import_image_from_stream(chunks, repository=repository, tag=tag, changes=list(changes))
        for line in told.splitlines():
            event = json.loads(line)
            if "error" in event:
                raise SandboxError(f"the Docker engine refused {image}: {one_line(str(event['error']), 300)}")

    def remove(self, image: str) -> None:
        """Forget an image."""
        with _asking(f"could not remove {image}"):
            self._api.remove_image(image)

    def prune(self, label: str) -> None:
        """Remove images with a label whose name another image has taken."""
        with _asking("could not remove the image before"):
            self._api.prune_images({"label": [label], "dangling": True})

    def export(self, image: str, folder: Path) -> None:
        """Unpack an image's files into a folder."""
        with _asking(f"could not export {image}"):
            container = self._api.create_container(image, command=["true"], network_disabled=True)["Id"]
            try:
                extract(self._api.export(container), folder)
            finally:
                self._api.remove_container(container, force=True, v=True)


def extract(chunks: Iterator[bytes], folder: Path) -> None:
    """Unpack a tar, with the owners and permissions in it, into a folder."""
    with subprocess.Popen(  # noqa: S603 - our own arguments
        ["tar", "-x", "-p", "-C", str(folder)],  # noqa: S607 - the system's tar
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as tar:
        assert tar.stdin is not None  # noqa: S101 - asked for above
        with suppress(BrokenPipeError):
            for chunk in chunks:
                tar.stdin.write(chunk)
        _, complaint = tar.communicate()
    if tar.returncode != 0:
        raise SandboxError(f"tar could not unpack the image into {folder}: {last_words(complaint)}")


class _MissingError(SandboxError):
    """There is no such image."""


@contextmanager
def _asking(failure: str) -> Iterator[None]:
    try:
        yield
    except docker.errors.NotFound as error:
        raise _MissingError(f"{failure}: {_words(error)}") from None
    except _FAILURES as error:
        raise SandboxError(f"{failure}: {_words(error)}") from None


def _words(error: Exception) -> str:
    return one_line(str(getattr(error, "explanation", None) or error), 300)
