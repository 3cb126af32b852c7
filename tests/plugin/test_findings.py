"""The findings of a run: the truth stands beside them on the validator's page, and nowhere else."""

import json
import stat

import pytest

from tests.plugin.evaluations import evaluate

pytestmark = pytest.mark.usefixtures("docker_cli")

VAULT = """contract Vault {
    function secretDoor() external { target.call(""); paid = true; }
    function frontDoor() external { paid = true; }
}
"""
TASK = '''
"""A task with a hidden truth."""
from bitsec_eval import AUDIT_PROMPT, ExpectedFinding, Task, compare

TASK = Task(prompt=AUDIT_PROMPT, workspace="vault", twin="mended", rename=["secretDoor", "frontDoor"], timeout=10)
EXPECTED_FINDING = ExpectedFinding(
    file="Vault.sol",
    contract="Vault",
    function="secretDoor",
    kinds=("reentrancy",),
    mentions=("canary-mention", "reentrancy"),
    neighbours=("frontDoor",),
)


def test_finds_it(report, twin_report):
    found = compare(EXPECTED_FINDING, report, twin_report)

    assert found.matched, found.reason
'''
READS = """
import json, re
from pathlib import Path
name = re.findall(r"function (\\w+)\\(\\) external { target", Path("Vault.sol").read_text())
print(json.dumps({"findings": [{"title": "Reentrancy", "file": "Vault.sol", "location": n} for n in name]}))
"""
HIDDEN = ("secretDoor", "names Vault.sol", "canary-mention")


def test_the_validator_sees_expected_against_reported_and_the_miner_what_was_reported(tmp_path):
    tasks = {
        "suite/test_vault.py": TASK,
        "suite/vault/Vault.sol": VAULT,
        "suite/mended/Vault.sol": VAULT.replace('target.call(""); paid = true', "paid = true"),
    }
    agents = {"reads": READS, "mad": "print('it is the front door')", "dead": "raise SystemExit(1)"}

    ran = evaluate(tmp_path, "-n2", "--bitsec-repeat=2", agents=agents, tasks=tasks)

    assert ran.scores() == {"reads": 100, "mad": 0, "dead": 0}
    results = tmp_path / "results"
    pages = {path.relative_to(results / "findings").as_posix() for path in results.glob("findings/*/*.html")}
    assert pages == {f"{name}/suite__vault{turn}.html" for name in agents for turn in ("", ".r2")}
    seen = (results / "findings/reads/suite__vault.r2.html").read_text()
    assert all(word in seen for word in HIDDEN)
    assert "the report is not JSON" in (results / "findings/mad/suite__vault.html").read_text()
    index = (results / "findings/index.html").read_text()
    assert [page for page in pages if f'href="{page}"' not in index] == []
    assert "<b>1</b> found" in index
    assert "expected against reported, for you alone: results/findings/index.html" in ran.lines
    assert stat.S_IMODE((results / "findings").stat().st_mode) == 0o700
    told = json.loads((results / "runs/reads/suite__vault.json").read_text())
    assert [len(each["findings"]) for each in told["reported"]] == [1]
    assert told["reported"][0]["findings"][0]["location"] not in ("", "secretDoor")
    assert "the report is not JSON" in (results / "runs/mad/suite__vault.html").read_text()
    public = [
        path for path in results.rglob("*") if path.is_file() and "findings" not in path.relative_to(results).parts
    ]
    public.remove(results / "junit.xml")
    assert len(public) > 12
    for path in public:
        text = path.read_text()
        assert [word for word in HIDDEN if word in text] == [], path


def test_a_truth_that_is_none_is_refused_and_one_that_breaks_voids_nothing(tmp_path):
    broken = "class Broken:\n    def sheet(self, report):\n        raise KeyError('x')\n\n\n"
    check = "\n\ndef test_any(report):\n    assert report.findings\n"
    task = "from bitsec_eval import Task\n\nTASK = Task(prompt='x', timeout=10)\n"
    agents = {"one": """print('{"findings": [{"title": "x"}]}')"""}

    for name in "ab":
        (tmp_path / name).mkdir()

    refused = evaluate(
        tmp_path / "a", agents=agents, tasks={"s/test_a.py": f"{task}EXPECTED_FINDING = 'no'\n{check}"}
    )
    ran = evaluate(
        tmp_path / "b", agents=agents, tasks={"s/test_a.py": f"{task}\n{broken}EXPECTED_FINDING = Broken()\n{check}"}
    )

    assert refused.status == 4
    assert (
        "EXPECTED_FINDING must be a bitsec_eval.ExpectedFinding, got str; give what the checks compare"
        in refused.output
    )
    assert ran.scores() == {"one": 100}
    assert "EXPECTED_FINDING.sheet failed: KeyError" in (tmp_path / "b/results/findings/one/s__a.html").read_text()
