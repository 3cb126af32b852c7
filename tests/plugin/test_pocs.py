"""Findings that bring a poc, from agents to pages: with the image that runs them, and without."""

import json
from pathlib import Path

import pytest

from bitsec_eval.core.evaluations.evaluation import Plan
from bitsec_eval.core.junit.reader import read_junit
from tests.plugin.evaluations import evaluate
from tests.task_suites.scabench.poc_cases import PocCase

ROOT = Path(__file__).parents[2]
NAME, SEED = "crestal_network_h01", 11
REPORT = """
import json, re
from pathlib import Path
poc, name, title = {poc!r}, {name!r}, {title!r}
source = "".join(path.read_text() for path in sorted(Path("src").glob("*.sol")))
is_open = re.search(r"function " + name + r"\\([^)]*\\)[^{{;]*\\bpublic\\b", source)
found = {{"title": title, "severity": "high", "poc": poc}}
if title == "Arbitrary from":
    file = next(path for path in Path("src").glob("*.sol") if f"function {{name}}(" in path.read_text())
    found |= {{"file": str(file), "location": name, "vulnerability_type": "access control"}}
print(json.dumps({{"findings": [found] if is_open or title == "Something" else []}}))
"""


@pytest.fixture(scope="module")
def agents() -> dict[str, str]:
    """One that proves what it has no words for, one with words and a poc that fails, and one with neither."""
    case = PocCase(NAME, SEED)
    name = case.renaming.new["payWithERC20"]

    def reporting(title: str, poc: str) -> str:
        return REPORT.format(poc=poc, name=name, title=title)

    return {
        "prover": reporting("Something", case.reference),
        "teller": reporting("Arbitrary from", "contract Exploit {"),
        "neither": reporting("Something", "pragma solidity ^0.8.20; contract Exploit {}"),
    }


@pytest.fixture(scope="module")
def tasks() -> dict[str, str]:
    """The shipped case, and of its scenario what a poc needs."""
    suite = ROOT / "task_suites"
    chain = suite / f"proof/{NAME}/chain"
    paths = [*(suite / f"scabench/{NAME}").rglob("*"), *chain.glob("*.*"), suite / f"scabench/test_{NAME}.py"]
    return {path.relative_to(suite).as_posix(): path.read_text() for path in paths if path.is_file()}


def plan_in(folder: Path) -> Plan:
    with (folder / "results/junit.xml").open("rb") as stream:
        plan = read_junit(stream).plan
    assert plan is not None
    return plan


@pytest.mark.usefixtures("evm_engine")
def test_what_a_poc_proves_counts_and_its_run_is_for_the_validator_alone(tmp_path, agents, tasks):
    ran = evaluate(tmp_path, f"--bitsec-seed={SEED}", agents=agents, tasks=tasks)

    assert ran.scores() == {"prover": 100, "teller": 100, "neither": 0}
    assert plan_in(tmp_path).pocs == "run"
    results = tmp_path / "results"
    pages = {name: (results / f"findings/{name}/scabench__{NAME}.html").read_text() for name in agents}
    assert "Poc of finding 0" in pages["prover"]
    assert "went through" in pages["prover"]
    assert "the answer does not compile" in pages["teller"]
    assert "gained 0 of at least" in pages["neither"]
    assert not any("not run" in line for line in ran.lines)
    public = [path for path in (results / "runs").rglob("*") if path.is_file()]
    public.append(results / "junit.xml")
    assert [path for path in public if "went through" in path.read_text() or "gained" in path.read_text()] == []
    told = json.loads((results / f"runs/prover/scabench__{NAME}.json").read_text())
    assert told["reported"][0]["findings"][0]["title"] == "Something"


def test_without_the_image_findings_are_matched_by_their_words(tmp_path, agents, tasks, oci_root):
    options = ("--bitsec-sandbox=oci", f"--bitsec-image={oci_root}", f"--bitsec-seed={SEED}")

    ran = evaluate(tmp_path, *options, agents=agents, tasks=tasks)

    assert ran.scores() == {"prover": 0, "teller": 100, "neither": 0}
    assert plan_in(tmp_path).pocs == "not run"
    assert sum("pocs are not run, findings are matched by their words alone" in line for line in ran.lines) == 1


def test_an_image_that_is_named_must_be_there(tmp_path, agents, tasks, docker_cli):
    ran = evaluate(tmp_path, "--bitsec-evm-image=bitsec-eval/none:1", agents=agents, tasks=tasks)

    assert ran.status == 4
    assert "bitsec-eval/none:1" in ran.output
