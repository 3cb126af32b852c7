#!/usr/bin/env bash
# Guess: with fail_on_error=False a sample whose agent or grader raises counts as not solved, as one that runs out of time does.
# What happens: Inspect AI leaves it out of the metrics and calls the evaluation a success. One right answer beside one crash
# is an accuracy of 1.0; beside one that met its time limit it is 0.5.
# Why our users care: an agent that crashes where it does not know the answer has a better score than one that answers wrong,
# and scores of agents rest on different samples. Compare completed_samples with total_samples before scores.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check inspect_ai==0.3.285

venv/bin/python - <<'PY' | tee seen
import asyncio
from importlib.metadata import version

from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.scorer import CORRECT, INCORRECT, Score, accuracy, scorer
from inspect_ai.solver import solver


@solver
def agent():
    async def solve(state, generate):
        if state.input_text == "crashes":
            raise RuntimeError("the agent's own fault")
        await asyncio.sleep(60 if state.input_text == "sleeps" else 0)
        return state

    return solve


@scorer(metrics=[accuracy()])
def grader():
    async def score(state, target):
        return Score(value=CORRECT if state.input_text == "right" else INCORRECT)

    return score


print("inspect_ai", version("inspect_ai"))
for other in ("wrong", "sleeps", "crashes"):
    samples = [Sample(input=each, target="") for each in ("right", other)]
    task = Task(dataset=samples, solver=agent(), scorer=grader(), time_limit=5)
    log = eval(task, model="mockllm/model", fail_on_error=False, display="none", log_dir="logs")[0]
    results = log.results
    value = results.scores[0].metrics["accuracy"].value
    print(f"right and {other}: {log.status}, accuracy {value}, {results.completed_samples} of {results.total_samples}")
PY
grep -qx "right and wrong: success, accuracy 0.5, 2 of 2" seen
grep -qx "right and sleeps: success, accuracy 0.5, 2 of 2" seen
grep -qx "right and crashes: success, accuracy 1.0, 1 of 2" seen
