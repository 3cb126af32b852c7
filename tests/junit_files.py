"""Junit files as the plugin writes them, made by hand: say only what a test is about."""

import io
import json
from dataclasses import dataclass, field, replace
from xml.etree import ElementTree as ET

from bitsec_eval.core.evaluations.evaluation import Evaluation
from bitsec_eval.core.junit.reader import read_junit
from bitsec_eval.core.text import one_line

OF_CHECK = ("check", "weight", "reason")
CHILD = {"failed": "failure", "error": "error", "skipped": "skipped"}
SECRET = "assert solution.f('hidden input') == 'expected value'"


@dataclass
class JunitFile:
    """One evaluation's file; `run` adds an agent's run, `text` is what pytest would have written."""

    evaluation: str = "e1"
    started: str = "2026-01-01T00:00:00Z"
    plan: bool = True
    names_runs: bool = False
    """Whether a run is told of once, and named by its other checks."""
    settings: dict = field(default_factory=dict)
    agents: dict[str, str] = field(default_factory=dict)
    tasks: dict[str, dict] = field(default_factory=dict)
    cases: list[tuple[dict, str]] = field(default_factory=list)

    def run(self, agent, task, outcomes, *, declared=None, weights=None, task_weight=1, sha=None, **facts):
        """Add a run whose checks are c0, c1, ... with these `outcomes` (a dict names them)."""
        named = outcomes if isinstance(outcomes, dict) else {f"c{n}": one for n, one in enumerate(outcomes)}
        weights = weights or [1] * max(len(named), declared or 0)
        declared = declared or len(weights)
        self.agents.setdefault(agent, sha or f"sha-of-{agent}")
        self.tasks.setdefault(
            task, {"weight": task_weight, "checks": declared, "declared_weight": sum(weights), "kind": "code"}
        )
        for (name, outcome), weight in zip(named.items(), weights, strict=False):
            record = {
                "evaluation": self.evaluation,
                "agent": agent,
                "task": task,
                "check": name,
                "weight": weight,
                "checks": declared,
                "declared_weight": sum(weights),
                "task_weight": task_weight,
                "repeat": 0,
                "ending": "exited",
                "seconds": 0.5,
                "attempts": 1,
                "reason": "",
            }
            self.cases.append((record | facts, outcome))
        return self

    @property
    def text(self) -> bytes:
        root = ET.Element("testsuites", name="pytest tests")
        suite = ET.SubElement(root, "testsuite", name="pytest")
        if self.plan:
            _property(ET.SubElement(suite, "properties"), "bitsec.plan", self._plan())
        told: list[object] = []
        for record, outcome in self.cases:
            case = ET.SubElement(suite, "testcase", classname="t", name=one_line(str(record["check"])), time="0.1")
            properties = ET.SubElement(case, "properties")
            run: object = {key: value for key, value in record.items() if key not in OF_CHECK}
            name = [record[key] for key in ("agent", "task", "repeat")]
            is_told = self.names_runs and name in told
            told.append(name)
            _property(properties, "bitsec.run", name if is_told else run)
            _property(properties, "bitsec.check", {key: value for key, value in record.items() if key in OF_CHECK})
            if outcome in CHILD:
                ET.SubElement(case, CHILD[outcome], message=SECRET).text = SECRET
        return b'<?xml version="1.0" encoding="utf-8"?>' + ET.tostring(root)

    def read(self) -> Evaluation:
        return read_junit(io.BytesIO(self.text), "junit.xml")

    def read_unchecked(self) -> Evaluation:
        """Return what a reader that takes any name of an agent would give: whoever shows names relies on none."""
        stand_ins = {f"stand-in-{number}": name for number, name in enumerate(self.agents)}
        standing_in = {name: stand_in for stand_in, name in stand_ins.items()}
        cases = [({**record, "agent": standing_in[record["agent"]]}, outcome) for record, outcome in self.cases]
        agents = {standing_in[name]: sha for name, sha in self.agents.items()}
        evaluation = replace(self, cases=cases, agents=agents).read()
        runs = tuple(replace(run, agent=stand_ins[run.agent]) for run in evaluation.runs)
        return replace(evaluation, runs=runs, plan=replace(evaluation.plan, agents=self.agents))

    def _plan(self) -> dict:
        return {
            "evaluation": self.evaluation,
            "started": self.started,
            "version": "0.1.0",
            "seed": 7,
            "emission": "100",
            "rewards": "score",
            "image": "sha256:abc",
            "repeats": max((record["repeat"] + 1 for record, _ in self.cases), default=1),
            "agents": self.agents,
            "tasks": self.tasks,
            "notes": [],
        } | self.settings


def _property(parent: ET.Element, name: str, value: object) -> None:
    ET.SubElement(parent, "property", name=name, value=json.dumps(value))
