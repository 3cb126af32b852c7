"""Prompts for an LLM that writes an agent: what an agent is, what the task asks for, what was wrong last time."""

from bitsec_eval.core.tasks.task import AGENT_MAIN
from bitsec_eval.miner.hub import HubTask

Message = dict[str, str]
"""One message of a conversation: "role" and "content"."""

AGENT = """\
You write agents. An agent is one Python 3.11 file that uses the standard library only.
It is run as `python agent.py --task PROMPT` in a container without a network and must end
by itself with exit status 0.
What it prints on stdout is its answer, and nothing else may be printed there.
It has an `if __name__ == "__main__":` part and reads `--task` with argparse.
It must not need an LLM, files of its own or any package.
Answer with the whole file in one block fenced with ```python, and let no line inside the file begin with ```."""

CALLED_AGENT = """\
You write agents. An agent is one Python 3.11 file that uses the standard library only.
It is loaded in a container without a network, and its function agent_main is called there once.
What agent_main returns is its answer; what it prints is not.
It must not need an LLM, files of its own or any package.
Answer with the whole file in one block fenced with ```python, and let no line inside the file begin with ```."""

_CALLS = {
    "findings": """\
Define agent_main(project_dir=None, inference_api=None): it needs no argument and returns the JSON object that the
prompt describes, as a dict.""",
}
_CALL = """\
Define agent_main(input): input["problem_statement"] is the prompt, and the answer is returned as a str. Where the
following says that something is printed, it is returned instead."""

_KINDS = {
    "code": """\
The answer must be Python source, and only that: it is loaded as a module in a fresh process, and the functions and
classes that the prompt asks for are called there. Keep that source in a string and print it.""",
    "findings": """\
The working directory holds the files to examine, read-only; it may also be empty.
Find them with pathlib and print the JSON object that the prompt describes.""",
    "exploit": """\
The working directory holds a Solidity project, read-only; its names are other ones each time.
Find the fault by looking at the code: no names of contracts or functions may be written into the agent.
Print one Solidity source with a contract Exploit, whose constructor takes nothing and which has the entry functions
that the prompt declares, or the JSON object that the prompt describes.
The environment variable COMPILER_URL, where it is set, is an address: POST the answer there with urllib, and a JSON
object {"compiles": bool, "message": str} comes back, at most four times.
Where the agent finds nothing it prints nothing.""",
    "patch": """\
The working directory holds a Solidity project, read-only; its names are other ones each time.
Find the fault by looking at the code: no names of contracts or functions may be written into the agent.
Print one JSON object that maps the path of each file it changes to the whole new text, and change Solidity files
below src/ only; what honest users do must go on working.
The environment variable COMPILER_URL, where it is set, is an address: POST the answer there with urllib, and a JSON
object {"compiles": bool, "message": str} comes back, at most four times.
Where the agent finds nothing it prints nothing.""",
    "answer": "The answer is compared as text: print exactly what the prompt asks for.",
}


def first_messages(task: HubTask) -> list[Message]:
    """Return how the conversation about a task begins."""
    called = task.protocol == AGENT_MAIN
    how = f"{_CALLS.get(task.kind, _CALL)}\n" if called else ""
    told = (
        f"Write an agent for this task. {how}{_KINDS.get(task.kind, _KINDS['answer'])}\n\n"
        "The prompt it will be given:\n\n"
    )
    return [
        {"role": "system", "content": CALLED_AGENT if called else AGENT},
        {"role": "user", "content": told + task.prompt},
    ]


def repair_messages(task: HubTask, answer: str, problem: str) -> list[Message]:
    """Return a conversation that shows the last answer only: what came before it was no better."""
    complaint = f"That is not right yet: {problem}\nAnswer with the whole corrected file, in one block as before."
    return [
        *first_messages(task),
        {"role": "assistant", "content": answer},
        {"role": "user", "content": complaint},
    ]
