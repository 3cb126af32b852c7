"""Opens every engine of a fleet, and refuses those whose image is another."""

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bitsec_eval.core.errors import SandboxError, SettingsError
from bitsec_eval.sandbox.docker.engine import DockerSettings
from bitsec_eval.sandbox.engines import (
    Engine,
    EngineSettings,
    build_command,
    engine_of,
    other_image,
    task_image,
    with_remedy,
)
from bitsec_eval.sandbox.fleet.address import EngineAddress
from bitsec_eval.sandbox.fleet.fleet import Fleet, FleetAsEngine, Member
from bitsec_eval.sandbox.hardening.policy import IMAGE
from bitsec_eval.sandbox.image_digest import content_digest
from bitsec_eval.sandbox.oci.engine import ROOT, RUNTIME, OciSettings
from bitsec_eval.sandbox.pool import pooled


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetSettings:
    """Several engines, and what all of them have in common: where locks are kept, the image and the runtime.

    `task_image` names an image that a task asks for; then it is opened in place of `image`. `task_digest` is what it
    must hold or be called by its engine; empty: the same on all.
    """

    state: Path
    engines: tuple[EngineAddress, ...]
    image: str | None = None
    task_image: str = ""
    task_digest: str = ""
    runtime: str | None = None


@contextmanager
def fleet_of(settings: FleetSettings) -> Iterator["EngineFleet"]:
    """Open every engine, at the same time, and leave nothing on any of them at the end.

    Raises:
        SandboxError: an engine cannot be used; the message names it.
        SettingsError: the engines hold different images.
    """
    with ExitStack() as stack:
        engines = _opened(stack, settings)
        content = _same_image(settings, engines)
        yield EngineFleet(stack, settings, engines, content)


class EngineFleet(FleetAsEngine):
    """The open engines of a fleet: what an evaluation sees as its one engine."""

    def __init__(self, stack: ExitStack, settings: FleetSettings, engines: Sequence[Engine], content: str) -> None:
        self._engines = engines
        self.image = content
        self.fleet = Fleet([_member(stack, *each) for each in zip(settings.engines, engines, strict=True)])
        stack.callback(self.fleet.stop)
        self.fleet.watch()

    def stop(self) -> None:
        """Open nothing more on any engine and remove everything, so that whoever waits for a guest is released."""
        with ThreadPoolExecutor(len(self._engines)) as threads:
            list(threads.map(lambda engine: engine.stop(), self._engines))


def _member(stack: ExitStack, address: EngineAddress, engine: Engine) -> Member:
    jobs = address.jobs or engine.processors
    pool = stack.enter_context(pooled(engine, jobs))
    return Member(name=address.url, jobs=jobs, pool=pool, ask=engine.ask)


def _opened(stack: ExitStack, settings: FleetSettings) -> list[Engine]:
    contexts = [engine_of(engine_settings_of(settings, address)) for address in settings.engines]
    with ThreadPoolExecutor(len(contexts)) as threads:
        entering = [threads.submit(context.__enter__) for context in contexts]
    engines, failure = [], None
    for address, context, entered in zip(settings.engines, contexts, entering, strict=True):
        error = entered.exception()
        if error is None:
            stack.push(context)
            engines.append(entered.result())
        elif failure is None:
            failure = _named(settings, address, error)
    if failure is not None:
        raise failure
    return engines


def engine_settings_of(settings: FleetSettings, address: EngineAddress) -> EngineSettings:
    """Return the settings of one engine of a fleet, which has locks of its own."""
    state = settings.state / "engines" / hashlib.sha256(address.url.encode()).hexdigest()[:16]
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    name = settings.task_image
    if address.is_oci:
        root = str(address.root or settings.image or ROOT)
        root = task_image("oci", root, name) if name else root
        return OciSettings(state=state, root=Path(root), runtime=settings.runtime or RUNTIME)
    return DockerSettings(
        state=state, image=name or settings.image or IMAGE, base_url=address.base_url, runtime=settings.runtime
    )


def _named(settings: FleetSettings, address: EngineAddress, error: BaseException) -> BaseException:
    if isinstance(error, SandboxError):
        return SandboxError(f"--bitsec-engine {address.url}: {with_remedy(str(error), settings.task_image)}")
    return error


def _same_image(settings: FleetSettings, engines: Sequence[Engine]) -> str:
    """Return what the image of all engines is called: the digest that is asked for, or that of what it holds."""
    asked = settings.task_digest
    states = [engine_settings_of(settings, address).state for address in settings.engines]
    with ThreadPoolExecutor(len(engines)) as threads:
        contents = list(threads.map(content_digest, engines, states))
    for address, engine, content in zip(settings.engines, engines, contents, strict=True):
        if asked and asked not in (content, engine.image):
            raise SettingsError(f"--bitsec-engine {address.url}: {other_image(settings.task_image, content, asked)}")
        if content != contents[0]:
            raise SettingsError(
                f"--bitsec-engine {address.url}: its image holds other files than that of {settings.engines[0].url};"
                f" make both by the same version: {build_command(settings.task_image)}"
            )
    return asked or contents[0]
