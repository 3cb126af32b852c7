"""The measurement of the matcher runs on any folder of the published form, and needs nothing else."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.scabench.published import fee_vulnerability, finding, noise, report, vulnerability

ROOT = Path(__file__).parents[2]


def judged(found):
    return {"is_match": found, "is_partial_match": False, "is_fp": False}


def test_it_prints_a_line_for_each_project_and_intervals(tmp_path):
    for folder in ("truth", "reports", "decisions"):
        (tmp_path / folder).mkdir()
    projects = {
        "one": ([finding()], [True, False]),
        "two": ([], [False, False]),
        "three": ([finding()], [True, False]),
    }
    for name, (reported, decisions) in projects.items():
        truth = {"project_id": name, "vulnerabilities": [vulnerability(), fee_vulnerability()]}
        (tmp_path / "truth" / f"{name}.json").write_text(json.dumps(truth))
        (tmp_path / "reports" / f"{name}_results.json").write_text(report(*reported, *noise(3), key="findings"))
        (tmp_path / "decisions" / f"{name}_results.json").write_text(json.dumps([judged(each) for each in decisions]))

    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks/matching.py", tmp_path, "--learn"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("SLOPE = ")
    rows = [line.split() for line in done.stdout.splitlines() if line.startswith("all ")]
    assert rows == [["all", "6", "2", "1.000", "1.000", "1.000"]] * 2
    assert done.stdout.count("90 % of resamplings lie in") == 6
