"""Sandboxes of a Docker engine, or of anything that speaks its API.

Create, read back, attach, start, wait and remove are calls of their own: which one failed decides who is to blame.
Whatever an engine answers that is not success is a `SandboxError`, and costs no agent a point.
"""

import json
import re
import tarfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from bitsec_eval.core.answers.answer import Ending
from bitsec_eval.core.errors import KilledError, SandboxError, UnprovenError
from bitsec_eval.core.tasks.task import Limits
from bitsec_eval.core.text import one_line
from bitsec_eval.sandbox.docker.address import dialling
from bitsec_eval.sandbox.docker.api import EngineClient, MissingError
from bitsec_eval.sandbox.docker.stream import DockerStream
from bitsec_eval.sandbox.execution.agent_run import AgentOrder, run_agent
from bitsec_eval.sandbox.hardening.policy import IMAGE, Placement, create_body, missing_in_engine
from bitsec_eval.sandbox.hardening.seccomp import architecture
from bitsec_eval.sandbox.held_image import READ_ALL, held
from bitsec_eval.sandbox.image_content import tar_content
from bitsec_eval.sandbox.protocol.guest_program import COMMAND
from bitsec_eval.sandbox.protocol.handshake import check_hello
from bitsec_eval.sandbox.protocol.session import FramedSession
from bitsec_eval.sandbox.uid_lease import LABEL, UidLease, lease_uids

CALL_SECONDS = 30
ASK_SECONDS = 3
DEATH_SECONDS = 15
GOING_SECONDS = 1.0
SLOW_SECONDS = 2.0
"""An engine that takes longer to answer was not passing on what guests sent either."""

STREAMS = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}


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
    with lease_uids(settings.state) as lease, _connected(settings.base_url) as api:
        engine = DockerSandbox(settings, lease, api)
        engine.sweep()
        try:
            with engine.image_in_memory():
                yield engine
        finally:
            engine.stop()


class DockerSandbox:
    """Opens one fresh, read-back, single-use container for each session."""

    def __init__(self, settings: DockerSettings, lease: UidLease, api: EngineClient) -> None:
        self._settings = settings
        self._lease = lease
        self._stopped = False
        self.api = api
        self.engine: Mapping[str, Any] = api.get("ask the engine for its version", "/version")
        api.speak(str(self.engine.get("ApiVersion")))
        self.image = self._image_id()
        self._machine = self._supported_machine()

    @property
    def description(self) -> str:
        """What opens sandboxes: the engine, the components it names, the runtime it was told and its kernel."""
        parts = [(each.get("Name"), each.get("Version")) for each in self.engine.get("Components") or ()]
        named = [f"{name} {version}" for name, version in parts] or [f"Engine {self.engine.get('Version')}"]
        runtime = [f"runtime {self._settings.runtime}"] if self._settings.runtime else []
        return one_line(", ".join(["docker", *named, *runtime, f"kernel {self.engine.get('KernelVersion')}"]), 200)

    @contextmanager
    def image_in_memory(self) -> Iterator[None]:
        """Hold the image's pages where its files are in reach; elsewhere have a sandbox of ours read all of them.

        Raises:
            SandboxError: no sandbox can be opened.
        """
        with ExitStack() as stack:
            try:
                stack.enter_context(held(self._image_folders()))
            except OSError:  # not this machine's engine, or not this user's to read
                with self.open(Limits()) as session:
                    run_agent(session, AgentOrder(source=READ_ALL, prompt="", files={}), Limits())
            yield

    def _image_folders(self) -> list[Path]:
        """Return the folders of the image's layers.

        Raises:
            OSError: the engine does not say where they are.
        """
        found = self.api.get("find the image", f"/images/{self.image}/json").get("GraphDriver") or {}
        told: Mapping[str, str] = found.get("Data") or {}
        folders = [Path(path) for name in ("UpperDir", "LowerDir") for path in told.get(name, "").split(":") if path]
        if not folders:
            raise FileNotFoundError("the engine does not say where the image's files are")
        return folders

    @contextmanager
    def open(self, limits: Limits) -> Iterator["DockerSession"]:
        """Return a session in a fresh container; see `Sandbox.open`."""
        with ExitStack() as stack:
            uid = stack.enter_context(self._lease.uid())
            container = self._create(limits, uid)
            stack.callback(self._remove, container)
            stream = self._attach(container)
            session = DockerSession(self, container, stream, limits)
            stack.callback(session.hang_up)
            self.api.post("start a container", f"/containers/{container}/start")
            check_hello(session, uid, lambda: stream.complaint)
            yield session

    def _create(self, limits: Limits, uid: int) -> str:
        placement = Placement(
            image=self.image,
            machine=self._machine,
            uid=uid,
            labels=self._lease.labels,
            command=COMMAND,
            runtime=self._settings.runtime,
        )
        body = create_body(limits, placement)
        self._refuse_if_stopped()
        container = str(self.api.post("create a container", "/containers/create", body)["Id"])
        try:
            self._refuse_if_stopped()  # again: what was being made is not among those that were removed
            missing = missing_in_engine(body, self.inspect(container))
            if missing:
                raise SandboxError(f"the engine did not set {', '.join(missing)}; no agent runs without every guard")
        except SandboxError:
            self._remove(container)
            raise
        return container

    def _refuse_if_stopped(self) -> None:
        if self._stopped:
            raise SandboxError("the evaluation was stopped")

    def _attach(self, container: str) -> DockerStream:
        return DockerStream(self.api.attach("attach to a container", f"/containers/{container}/attach", STREAMS))

    def ask(self) -> None:
        """Ask the engine whether it is there, briefly.

        Raises:
            SandboxError: it does not answer.
        """
        self.api.get("ask the engine", "/_ping", seconds=ASK_SECONDS)

    @property
    def processors(self) -> int:
        """How many processors the engine's machine has."""
        return int(self.api.get("ask the engine", "/info").get("NCPU") or 1)

    def image_content(self) -> str:
        """Return the digest of what the image holds; see `image.content`.

        Raises:
            SandboxError: the engine does not hand it out.
        """
        body = {"Image": self.image, "Cmd": ["true"], "Labels": self._lease.labels}
        container = str(self.api.post("create a container", "/containers/create", body)["Id"])
        try:
            with self.api.download("export the image", f"/containers/{container}/export") as stream:
                return tar_content(stream)
        except (OSError, tarfile.TarError) as error:
            raise SandboxError(f"could not read the image: {one_line(str(error), 200)}") from error
        finally:
            self._remove(container)

    def inspect(self, container: str) -> dict[str, Any]:
        """Return the engine's description of a container."""
        found: dict[str, Any] = self.api.get("inspect a container", f"/containers/{container}/json")
        return found

    def wait(self, container: str, seconds: float) -> None:
        """Wait until the container has ended."""
        query = {"condition": "not-running"}
        self.api.post("wait for a container", f"/containers/{container}/wait", query=query, seconds=seconds)

    def _remove(self, container: str) -> None:
        """Kill and remove a container; one that is gone already is as good, and a dead engine's is swept later."""
        with suppress(SandboxError):
            self.api.delete("remove a container", f"/containers/{container}", {"force": 1, "v": 1})

    def sweep(self) -> int:
        """Remove the containers that dead validators left; return how many there were."""
        query = {"all": 1, "filters": json.dumps({"label": [LABEL]})}
        found = self.api.get("list containers", "/containers/json", query)
        left = [each["Id"] for each in found if self._lease.abandoned(each.get("Labels") or {})]
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
            found: Mapping[str, Any] = self.api.get("find the image", f"/images/{name}/json")
        except MissingError:
            raise SandboxError(f"the engine has no image {name}; run bitsec-eval image build to make it") from None
        return str(found["Id"])

    def _supported_machine(self) -> str:
        machine = architecture(str(self.engine.get("Arch")))
        if machine is None:
            raise SandboxError(f"no seccomp profile for {self.engine.get('Arch')!r}; use an amd64 or arm64 engine")
        return machine


class DockerSession(FramedSession):
    """One container's stream of frames; see `Session`."""

    def __init__(self, sandbox: DockerSandbox, container: str, stream: DockerStream, limits: Limits) -> None:
        super().__init__(stream, limits)
        self._sandbox = sandbox
        self._container = container
        self._stream = stream
        self._started = time.monotonic()  # no later than the engine's own time of the start, which comes after this

    def hang_up(self) -> None:
        """Take nothing more; a guest that told of its end is let go by itself, which spares the engine a kill."""
        self.close()
        self._stream.close()
        if self.told_of_an_end:
            with suppress(SandboxError):
                self._sandbox.wait(self._container, GOING_SECONDS)

    def wait_exit(self) -> Ending:
        """See `Session.wait_exit`."""
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
            self._sandbox.wait(self._container, DEATH_SECONDS)
        except MissingError:
            raise
        except SandboxError:  # the guest lives on or the engine does not: the next question tells which
            pass
        state: dict[str, Any] = self._sandbox.inspect(self._container)["State"]
        return state

    def pause(self) -> None:
        """See `Session.pause`."""
        self._sandbox.api.post("pause a container", f"/containers/{self._container}/pause")

    def resume(self) -> None:
        """See `Session.resume`."""
        self._sandbox.api.post("resume a container", f"/containers/{self._container}/unpause")

    def ended_at(self) -> float | None:
        """See `Session.ended_at`."""
        asked = time.monotonic()
        state = self._sandbox.inspect(self._container)["State"]
        seconds = time.monotonic() - asked
        if not state.get("Running"):
            return self._started + seconds_between(str(state.get("StartedAt")), str(state.get("FinishedAt")))
        if seconds > SLOW_SECONDS:
            raise UnprovenError(f"the engine took {seconds:.0f} s to answer a question; is this machine overloaded?")
        return None


def seconds_between(began: str, ended: str) -> float:
    """Return the seconds between two times in the engine's form, which has up to nine places.

    Raises:
        SandboxError: they are in another form.

    >>> seconds_between("2026-01-01T00:00:00.123456789Z", "2026-01-01T00:00:02.5Z")
    2.376544
    """
    try:
        times = [datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", told)) for told in (began, ended)]
        return (times[1] - times[0]).total_seconds()
    except (ValueError, TypeError) as error:
        raise SandboxError(f"the engine's times cannot be read: {one_line(f'{began} {ended}', 80)}") from error


def described(settings: DockerSettings) -> tuple[dict[str, Any], dict[str, Any], str]:
    """Return what the engine says of itself, its version, and the image's id (empty where it has no such image).

    Raises:
        SandboxError: it does not answer.
    """
    with _asking(settings.base_url) as api:
        info, version = api.get("ask the engine", "/info"), api.get("ask the engine", "/version")
        try:
            return info, version, str(api.get("find the image", f"/images/{settings.image}/json")["Id"])
        except MissingError:
            return info, version, ""


def ask_engine(base_url: str | None = None) -> None:
    """Ask the engine whether it is there.

    Raises:
        SandboxError: it does not answer.
    """
    with _asking(base_url) as api:
        api.get("ask the engine", "/version")


@contextmanager
def _asking(base_url: str | None) -> Iterator[EngineClient]:
    try:
        with _connected(base_url) as api:
            yield api
    except SandboxError as error:
        reason = str(error).removeprefix("could not ask the engine: ").partition(";")[0]
        raise SandboxError(f"no Docker engine answers: {reason}; start one, or name one with DOCKER_HOST") from error


def _connected(base_url: str | None) -> closing[EngineClient]:
    return closing(EngineClient(dialling(base_url), CALL_SECONDS))
