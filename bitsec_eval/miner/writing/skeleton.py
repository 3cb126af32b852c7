"""An agent to begin with: it runs, takes its task, and honestly answers nothing."""

from bitsec_eval.core.tasks.task import AGENT_MAIN
from bitsec_eval.core.text import one_line, printable
from bitsec_eval.miner.hub import HubTask

_ANSWERS = {
    "code": ("Return Python source that defines what the task asks for.", '""'),
    "findings": (
        "Return a report of what is wrong with the files in the working directory.",
        """json.dumps({"vulnerabilities": []})""",
    ),
    "exploit": ("Return a Solidity source with a contract Exploit, for what is in the working directory.", '""'),
    "patch": ("Return a patch of what is in the working directory: a JSON object of whole files by path.", '""'),
    "answer": ("Return the answer.", '""'),
}

_SKELETON = '''"""An agent for {task_id}: a skeleton that runs and answers nothing, and so scores 0.

Write `solve`; only the standard library is there, the answer is what is printed, and stderr is for notes to yourself.
"""

import argparse
{imports}
# What the task asks for, in the words the agent will be given:
#
{prompt}


def solve(task: str) -> str:
    """{purpose}"""
    return {answer}


def main() -> None:
    """Read the task and print the answer."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--task", required=True, help="what to do")
    print(solve(parser.parse_args().task))


if __name__ == "__main__":
    main()
'''


_CALLED_SKELETON = '''"""An agent for {task_id}: a skeleton that is called and answers nothing, and so scores 0.

The task calls agent_main(), as Bitsec and Ridges do; what it returns is the answer, and what is printed is for notes.
"""

# What the task asks for, in the words the agent will be given:
#
{prompt}


def agent_main({parameters}):
    """{purpose}"""
    return {answer}
'''


def skeleton(task: HubTask) -> str:
    """Return an agent for `task` that answers nothing; the prompt stands in it as a comment."""
    purpose, answer = _ANSWERS.get(task.kind, _ANSWERS["answer"])
    if task.protocol == AGENT_MAIN:
        form = _CALLED_SKELETON
        answer = answer.removeprefix("json.dumps(").removesuffix(")")  # a dict becomes JSON by itself
    else:
        form = _SKELETON
    return form.format(
        parameters="project_dir=None, inference_api=None" if task.kind == "findings" else "input",
        task_id=_quiet(one_line(task.id, 120)),
        imports="import json\n" if "json." in answer else "",
        prompt="\n".join(f"# {line}".rstrip() for line in printable(task.prompt, 200_000).splitlines()),
        purpose=purpose,
        answer=answer,
    )


def _quiet(text: str) -> str:
    """Return `text` without what could end or bend a docstring."""
    return text.replace("\\", "/").replace('"', "'")
