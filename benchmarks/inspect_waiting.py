"""The agents of waiting.py in Inspect AI's Docker sandbox, run by a Python that has `inspect_ai` and `openai`.

    PYTHON benchmarks/inspect_waiting.py AGENTS CALLS URL [AT_ONCE]

Needs the `docker compose` plugin, version 2. A sample is an agent: a sandbox of its own, so many calls of the model
at URL, an OpenAI-compatible server, which Inspect makes from the host, and one exec that prints the answer. All go on
at once, or AT_ONCE of them; what Inspect takes to be imported is left out. Prints seconds.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

from inspect_ai import Task
from inspect_ai import eval as evaluate
from inspect_ai.dataset import Sample
from inspect_ai.scorer import includes
from inspect_ai.solver import solver
from inspect_ai.util import sandbox
from inspect_side import COMPOSE  # which also has Inspect take this machine's engine


def main() -> None:
    """Evaluate and print the seconds that took."""
    agents, calls, url = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    at_once = int(sys.argv[4]) if len(sys.argv) > 4 else agents
    os.environ.update(WAITING_API_KEY="none", WAITING_BASE_URL=url)

    @solver
    def waits():
        async def solve(state, generate):
            for _ in range(calls):
                state = await generate(state)
            done = await sandbox().exec(["python3", "-c", "print('hello')"])
            assert done.success, done.stderr
            state.output.completion = done.stdout
            return state

        return solve

    with tempfile.TemporaryDirectory(prefix="inspect-waiting-") as name:
        compose = Path(name) / "compose.yaml"
        compose.write_text(COMPOSE)
        samples = [Sample(input="wait", target="hello", id=number) for number in range(agents)]
        task = Task(dataset=samples, solver=waits(), scorer=includes(), sandbox=("docker", str(compose)))
        how = {"max_samples": at_once, "max_sandboxes": at_once, "max_connections": at_once}
        started = time.perf_counter()
        (log,) = evaluate(task, model="openai-api/waiting/small", display="none", log_dir=name, **how)
        seconds = time.perf_counter() - started
    assert log.status == "success", log.error
    assert log.results.scores[0].metrics["accuracy"].value == 1.0
    print(seconds)


if __name__ == "__main__":
    main()
