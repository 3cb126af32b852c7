"""A watch without pytest, Docker or a clock: evaluations by script, an engine with a switch, time by hand."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from bitsec_eval.core.errors import SandboxError
from bitsec_eval.evaluate.process import Order, Stopped
from bitsec_eval.watch.publication import Publication
from bitsec_eval.watch.watcher import Watcher, WatchSettings
from tests.junit_files import JunitFile

TASK = "coding/reverse_string"


@dataclass
class Evaluations:
    """Stands for pytest: writes junit with these outcomes of checks, by agent; None writes none.

    Those in `void_elsewhere` have a void run of another task beside it; `collection_error` is told in the log.
    """

    outcomes: dict[str, list[str] | None] = field(default_factory=dict)
    seen: list[tuple[str, bytes]] = field(default_factory=list)
    options: list[tuple[str, ...]] = field(default_factory=list)
    void_elsewhere: set[str] = field(default_factory=set)
    settings: dict[str, object] = field(default_factory=dict)
    collection_error: str = ""
    status: int = 0
    during: Callable[[Order], None] = lambda order: None

    def __call__(self, order: Order, stop: Event) -> int:
        name = order.agent.stem
        self.seen.append((name, order.agent.read_bytes()))
        self.options.append(order.more)
        self.during(order)
        if stop.is_set():
            raise Stopped(forced=True)
        outcomes = self.outcomes.get(name, ["passed"])
        order.log.write_text("" if outcomes else "ERROR: the task is wrong; mend it\n")
        if outcomes is None:
            return 4
        if self.collection_error:
            order.log.write_text(f"ERROR: {order.tasks[0]}/{self.collection_error}\n")
        junit = JunitFile(evaluation=f"e{len(self.seen)}", settings=self.settings).run(name, TASK, outcomes)
        if name in self.void_elsewhere:
            junit.run(name, f"{TASK}_too", ["error"])
        order.junit.write_bytes(junit.text)
        return self.status

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.seen]


@dataclass
class SwitchedEngine:
    """An engine that can be turned off."""

    on: bool = True
    asked: int = 0
    swept: int = 0

    def ask(self) -> None:
        self.asked += 1
        if not self.on:
            raise SandboxError("no Docker engine answers")

    def sweep(self) -> None:
        self.swept += 1


class Watched:
    """A folder with agents and tasks, and a watch over it that looks when it is told."""

    def __init__(self, folder: Path, **agents: str) -> None:
        self.folder = folder
        self.seconds = 0.0
        self.seeds = iter(range(1, 1000))
        self.lines: list[str] = []
        self.evaluations = Evaluations()
        self.engine = SwitchedEngine()
        self.stop = Event()
        self.task = folder / "task_suites/coding/test_reverse_string.py"
        self.task.parent.mkdir(parents=True)
        self.task.write_text("TASK = ...\n")
        (folder / "agents").mkdir()
        for name, source in agents.items():
            self.submit(name, source)
        self.publication = Publication(folder / "results")
        self.publication.prepare()
        self.watcher = self.restarted()

    def restarted(self) -> Watcher:
        """Return another watch over the same folders, as after a restart."""
        self.watcher = Watcher(
            WatchSettings(
                agents=self.folder / "agents", tasks=(self.folder / "task_suites",), results=self.folder / "results"
            ),
            self.publication,
            engine=self.engine,
            evaluate=self.evaluations,
            log=self.lines.append,
            clock=lambda: self.seconds,
            draw=lambda: next(self.seeds),
        )
        return self.watcher

    def submit(self, name: str, source: str) -> None:
        (self.folder / "agents" / f"{name}.py").write_text(source)

    def look(self, after_seconds: float = 0.0) -> list[str]:
        """Look once and return the agents that were evaluated."""
        self.seconds += after_seconds
        before = len(self.evaluations.seen)
        self.current = self.watcher.look(self.stop)
        return self.evaluations.names[before:]

    @property
    def published(self) -> list[str]:
        return sorted(path.name for path in (self.folder / "results").glob("*.xml"))
