"""Sandboxes of a Docker engine, or of anything that speaks its API.

Create, read back, attach, start, wait and remove are calls of their own: which one failed decides who is to blame.
Whatever an engine answers that is not success is a `SandboxError`, and costs no agent a point.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from threading import local
from typing import Any

import docker
import docker.errors
import requests

from bitsec_eval.core.answer import Ending
from bitsec_eval.core.errors import KilledError, SandboxError
from bitsec_eval.core.task import Limits
from bitsec_eval.core.text import one_line
from bitsec_eval.sandbox.channel import Channel
from bitsec_eval.sandbox.docker_stream import DockerStream
from bitsec_eval.sandbox.greeting import greet
from bitsec_eval.sandbox.guards import IMAGE, Placement, create_body, unmet
from bitsec_eval.sandbox.ownership import LABEL, Owner, owning
from bitsec_eval.sandbox.seccomp import architecture
from bitsec_eval.sandbox.session import Frame

CALL_SECONDS = 30
DEATH_SECONDS = 15
SLOW_SECONDS = 2.0
"""An engine that takes longer to answer was not passing on what guests sent either."""

BEYOND_OUTPUT_BYTES = 96 << 20
"""What a guest may send in all besides its stdout: stderr, replies, questions to an LLM and the frames themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DockerSettings:
    """Where the engine is (None: as the environment says), what it runs, and where locks are kept."""

    state: Path
    image: str = IMAGE
    base_url: str | None = None
    runtime: str | None = None


@contextmanager
def docker_sandbox(settings: DockerSettings) -> Iterator["DockerSandbox"]:
    """Connect, sweep what dead validators left, and leave nothing behind at the end.

    Raises:
        SandboxError: no engine answers, it lacks the image, or its machine has no profile of ours.
    """
    with owning(settings.state) as owner:
        engine = DockerSandbox(settings, owner)
        engine.sweep()
        try:
            yield engine
        finally:
            engine.stop()
            engine.disconnect()


class DockerSandbox:
    """Opens one fresh, read-back, single-use container for each session."""

    def __init__(self, settings: DockerSettings, owner: Owner) -> None:
        self._settings = settings
        self._owner = owner
        self._own = local()
        self._clients: list[docker.APIClient] = []  # one of each thread
        self._stopped = False
        self.engine = self._call("ask the engine for its version", lambda client: client.version())
        self.image = self._image_id()
        self._machine = self._supported_machine()
        self._command = ("python3", "-I", "-S", "-B", "-X", "utf8", "-c", guest_source())

    @contextmanager
    def open(self, limits: Limits) -> Iterator["DockerSession"]:
        """Return a session in a fresh container; see `Sandbox.open`."""
        with ExitStack() as stack:
            uid = stack.enter_context(self._owner.uid())
            container = self._create(limits, uid)
            stack.callback(self._remove, container)
            stream = stack.enter_context(self._attach(container))
            self._call("start a container", lambda client: client.start(container))
            session = DockerSession(self, container, stream, limits)
            stack.callback(session.close)
            greet(session, uid, lambda: stream.complaint)
            yield session

    def _create(self, limits: Limits, uid: int) -> str:
        placement = Placement(
            image=self.image,
            machine=self._machine,
            uid=uid,
            labels=self._owner.labels,
            command=self._command,
            runtime=self._settings.runtime,
        )
        body = create_body(limits, placement)
        if self._stopped:
            raise SandboxError("the evaluation was stopped")
        container: str = self._call("create a container", lambda client: client.create_container_from_config(body))[
            "Id"
        ]
        try:
            missing = unmet(body, self.inspect(container))
            if missing:
                raise SandboxError(f"the engine did not set {', '.join(missing)}; no agent runs without every guard")
        except SandboxError:
            self._remove(container)
            raise
        return container

    @contextmanager
    def _attach(self, container: str) -> Iterator[DockerStream]:
        wanted = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
        attached = self._call("attach to a container", lambda client: client.attach_socket(container, params=wanted))
        stream = DockerStream(attached)
        try:
            yield stream
        finally:
            stream.close()

    def inspect(self, container: str) -> dict[str, Any]:
        """Return the engine's description of a container."""
        found: dict[str, Any] = self._call("inspect a container", lambda client: client.inspect_container(container))
        return found

    def wait(self, container: str) -> None:
        """Wait until the container has ended."""
        self._call(
            "wait for a container",
            lambda client: client.wait(container, timeout=DEATH_SECONDS, condition="not-running"),
        )

    def _remove(self, container: str) -> None:
        """Kill and remove a container; one that is gone already is as good, and a dead engine's is swept later."""
        try:
            self._call("remove a container", lambda client: client.remove_container(container, force=True, v=True))
        except SandboxError:
            return

    def sweep(self) -> int:
        """Remove the containers that dead validators left; return how many there were."""
        found = self._call("list containers", lambda client: client.containers(all=True, filters={"label": [LABEL]}))
        left = [each["Id"] for each in found if self._owner.abandoned(each.get("Labels") or {})]
        for container in left:
            self._remove(container)
        return len(left)

    def stop(self) -> None:
        """Open no more containers and remove every one of ours, so that whoever waits for one is released."""
        self._stopped = True
        try:
            self.sweep()
        except SandboxError:
            return

    def _image_id(self) -> str:
        name = self._settings.image
        try:
            found: Mapping[str, Any] = self._call("find the image", lambda client: client.inspect_image(name))
        except MissingError:
            raise SandboxError(f"the engine has no image {name}; run script/setup to make it") from None
        return str(found["Id"])

    def _supported_machine(self) -> str:
        machine = architecture(str(self.engine.get("Arch")))
        if machine is None:
            raise SandboxError(f"no seccomp profile for {self.engine.get('Arch')!r}; use an amd64 or arm64 engine")
        return machine

    def _call(self, what: str, call: Callable[[docker.APIClient], Any]) -> Any:
        try:
            return call(self._client())
        except docker.errors.NotFound as error:
            raise MissingError(f"could not {what}: {_reason(error)}") from error
        except (docker.errors.DockerException, requests.RequestException, OSError, ValueError) as error:
            raise SandboxError(f"could not {what}: {_reason(error)}; is the Docker engine running?") from error

    def _client(self) -> docker.APIClient:
        if not hasattr(self._own, "client"):
            self._own.client = _connect(self._settings.base_url)
            self._clients.append(self._own.client)
        client: docker.APIClient = self._own.client
        return client

    def disconnect(self) -> None:
        """Close every connection to the engine; the next call makes another."""
        self._own = local()
        while self._clients:
            self._clients.pop().close()


class MissingError(SandboxError):
    """The engine says that what was asked for does not exist."""


class DockerSession:
    """One container's stream of frames; see `Session`."""

    def __init__(self, sandbox: DockerSandbox, container: str, stream: DockerStream, limits: Limits) -> None:
        self._sandbox = sandbox
        self._container = container
        self._stream = stream
        self._channel = Channel(stream, limits.output_bytes + BEYOND_OUTPUT_BYTES)

    def send(self, kind: str, payload: bytes = b"") -> None:
        """See `Session.send`."""
        self._channel.send(kind, payload)

    def close(self) -> None:
        """Take nothing more to send."""
        self._channel.close()

    def refill(self) -> None:
        """See `Session.refill`."""
        self._channel.refill()

    def receive(self, deadline: float) -> Frame | Ending:
        """See `Session.receive`."""
        heard = self._channel.receive(deadline)
        return self.death() if heard is None else heard

    def death(self) -> Ending:
        """See `Session.death`."""
        state = self._final_state()
        if state.get("OOMKilled"):
            return Ending.OUT_OF_MEMORY
        if state.get("Running"):  # it told of an end, and lives on
            return Ending.MALFORMED
        if state.get("ExitCode") == 137:  # process 1 cannot be killed from inside
            raise KilledError("a sandbox was killed from outside; is this machine short of memory?")
        return Ending.CRASHED

    def _final_state(self) -> dict[str, Any]:
        try:
            self._sandbox.wait(self._container)
        except MissingError:
            raise
        except SandboxError:  # the guest lives on or the engine does not: the next question tells which
            pass
        state: dict[str, Any] = self._sandbox.inspect(self._container)["State"]
        return state

    def vouch(self) -> None:
        """See `Session.vouch`."""
        started = time.monotonic()
        running = self._sandbox.inspect(self._container)["State"].get("Running")
        seconds = time.monotonic() - started
        if not running:
            raise SandboxError("the engine kept back how a sandbox ended; is this machine overloaded?")
        if seconds > SLOW_SECONDS:
            raise SandboxError(f"the engine took {seconds:.0f} s to answer a question; is this machine overloaded?")


def described(settings: DockerSettings) -> tuple[dict[str, Any], dict[str, Any], str]:
    """Return what the engine says of itself, its version, and the image's id (empty where it has no such image).

    Raises:
        SandboxError: it does not answer.
    """
    try:
        with closing(_connect(settings.base_url)) as client:
            images = client.images(name=settings.image)
            return client.info(), client.version(), str(images[0]["Id"]) if images else _id_of(client, settings.image)
    except (docker.errors.DockerException, requests.RequestException, OSError, ValueError) as error:
        raise SandboxError(f"no Docker engine answers: {_reason(error)}; start it with script/setup") from error


def _id_of(client: docker.APIClient, image: str) -> str:
    try:
        return str(client.inspect_image(image)["Id"])  # an id or a digest, which the list does not find
    except docker.errors.NotFound:
        return ""


def ask_engine(base_url: str | None = None) -> None:
    """Ask the engine whether it is there.

    Raises:
        SandboxError: it does not answer.
    """
    try:
        with closing(_connect(base_url)) as client:
            client.ping()
    except (docker.errors.DockerException, requests.RequestException, OSError, ValueError) as error:
        raise SandboxError(f"no Docker engine answers: {_reason(error)}; start it with script/setup") from error


def guest_source() -> str:
    """Return the text of the one file that runs inside a container."""
    return files("bitsec_eval.sandbox.guest").joinpath("runner.py").read_text(encoding="utf-8")


class _Client(docker.APIClient):  # type: ignore[misc]
    """A client that looks for no proxies: for that it would go through the environment, from a thread, at each call.

    Whoever changes the environment meanwhile, as pytest does around each test, makes such a look fail.
    """

    trust_env = property(lambda self: False, lambda self, value: None)


def _connect(base_url: str | None) -> docker.APIClient:
    if base_url is not None:
        return _Client(base_url=base_url, timeout=CALL_SECONDS)
    return _Client(**docker.utils.kwargs_from_env(), timeout=CALL_SECONDS)


def _reason(error: BaseException) -> str:
    return one_line(str(getattr(error, "explanation", None) or error), 200)
