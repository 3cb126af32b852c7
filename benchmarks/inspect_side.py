"""The pairs of throughput.py in Inspect AI's Docker sandbox, run by a Python that has `inspect_ai`; prints seconds.

    PYTHON benchmarks/inspect_side.py FOLDER PAIRS JOBS SUITE

Needs the `docker compose` plugin, version 2. A sample is a pair: a sandbox of its own, one exec for the agent and,
on the coding side, one for all five calls. What Inspect takes to be imported is left out.
"""

import sys
import time
from pathlib import Path

from inspect_ai import Task
from inspect_ai import eval as evaluate
from inspect_ai.dataset import Sample
from inspect_ai.scorer import Score, mean, scorer
from inspect_ai.solver import solver
from inspect_ai.util import sandbox
from inspect_ai.util._sandbox.docker import prereqs

# It asks for a newer engine than some systems carry, and gets along with this one.
prereqs.validate_docker_engine.__defaults__ = ("20.10.0",)

COMPOSE = """
services:
  default:
    image: bitsec-eval/python:3.11
    x-local: true
    command: ["python3", "-c", "import time; time.sleep(3600)"]
    init: true
    network_mode: none
    read_only: true
    user: "65534:65534"
    cap_drop: [ALL]
    security_opt: ["no-new-privileges"]
    pids_limit: 64
    mem_limit: 256m
"""


def main() -> None:
    """Evaluate and print the seconds that took."""
    folder, pairs, jobs, suite = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    (folder / "compose.yaml").write_text(COMPOSE)
    agent, solution, caller = ((folder / name).read_text() for name in ("agent.py", "solution.py", "caller.py"))
    calls = caller.replace("import solution\n", solution).replace("solution.double", "double")

    @solver
    def runs():
        async def solve(state, generate):
            done = await sandbox().exec(["python3", "-c", agent, "--task", state.input_text])
            assert done.success, done.stderr
            state.output.completion = done.stdout
            return state

        return solve

    @scorer(metrics=[mean()])
    def checks():
        async def score(state, target):
            if suite == "coding":
                done = await sandbox().exec(["python3", "-c", calls])
                return Score(value=float(done.success))
            return Score(value=float("double" in state.output.completion))

        return score

    samples = [Sample(input="Implement double(x).", id=number) for number in range(pairs)]
    task = Task(dataset=samples, solver=runs(), scorer=checks(), sandbox=("docker", str(folder / "compose.yaml")))
    started = time.perf_counter()
    how = {"max_samples": jobs, "max_sandboxes": jobs, "display": "none", "log_dir": str(folder / "logs")}
    (log,) = evaluate(task, model="mockllm/model", **how)
    seconds = time.perf_counter() - started
    assert log.status == "success", log.error
    assert log.results.scores[0].metrics["mean"].value == 1.0
    print(seconds)


if __name__ == "__main__":
    main()
