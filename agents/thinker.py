"""An agent that asks an LLM, in plain urllib, and checks what it is told before it answers.

Code it tries on the task's own examples, and if they fail the LLM hears how and may try again. An audit it has the
LLM look at twice: once to accuse, once to defend. An exploit or a patch it has compiled where that is offered, and
the LLM may correct it once. Where no LLM is offered it says so on stderr and answers nothing.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

SECONDS = 8  # of the ten that a task gives as a rule
TRIES = 3
CODE = "Answer with one fenced python block that holds all the code asked for: standard library only, no examples."
ACCUSE = "You audit smart contracts. Answer with the JSON object that is asked for and nothing else."
DEFEND = """\
You reviewed these contracts and reported the findings below. Argue against each of them: name the line that prevents
it. Keep only findings nobody could argue against, and answer with them as a JSON object of the same form.
"""
PROVE = "You audit smart contracts and prove what you find. Answer with what is asked for, in one fenced block."
PATCH = "Print the JSON object of whole files, not a diff."
STARTED = time.monotonic()


class NoLLMError(Exception):
    """There is no LLM to ask, or nothing more to spend on it."""


def ask(messages):
    """Return what the LLM says to these messages."""
    if "OPENAI_BASE_URL" not in os.environ:
        raise NoLLMError("no LLM is offered")
    request = urllib.request.Request(
        os.environ["OPENAI_BASE_URL"] + "/chat/completions",
        data=json.dumps({"model": os.environ.get("OPENAI_MODEL", ""), "messages": messages}).encode(),
        headers={
            "Authorization": "Bearer " + os.environ.get("OPENAI_API_KEY", ""),
            "Content-Type": "application/json",
        },
    )
    try:
        with urllib.request.urlopen(request) as response:
            return json.load(response)["choices"][0]["message"]["content"] or ""
    except urllib.error.HTTPError as error:
        raise NoLLMError(json.load(error)["error"]["message"]) from None


def says(role, content):
    """Return a message."""
    return {"role": role, "content": content}


def is_time():
    """Whether there is time for another question."""
    return time.monotonic() - STARTED < SECONDS / 2


# -- code -----------------------------------------------------------------------------------------------------------


def fenced(text, language):
    """Return the last fenced block of a language in a text, or the text itself where there is none."""
    blocks = re.findall(rf"```{language}\s*\n(.*?)```", text, re.S | re.I)
    return blocks[-1] if blocks else text


def examples(task):
    """Return the lines of a task that show a call and what it gives."""
    return [line.strip() for line in task.splitlines() if re.match(r"\s+\w+\(.*\)\s*==\s*\S", line)]


def trouble(code, shown):
    """Return what goes wrong when the examples are run on the code, "" if nothing does."""
    tests = "".join(f"\nassert {line}, {line!r}" for line in shown)
    try:
        done = subprocess.run([sys.executable, "-c", code + tests], capture_output=True, text=True, timeout=2)
    except subprocess.TimeoutExpired:
        return "it did not end within 2 seconds"
    return done.stderr[-1500:] if done.returncode else ""


def write_code(task):
    """Return source for the task: the first that passes its examples, else the last."""
    messages = [says("system", CODE), says("user", task)]
    code, shown = "", examples(task)
    for _ in range(TRIES):
        try:
            said = ask(messages)
        except NoLLMError as error:
            print(error, file=sys.stderr)
            return code
        code = fenced(said, "python")
        wrong = trouble(code, shown)
        if not wrong or not is_time():
            break
        messages += [says("assistant", said), says("user", f"That fails:\n{wrong}\nAnswer with all of it, mended.")]
    return code


# -- audits ---------------------------------------------------------------------------------------------------------


def findings(text):
    """Return the findings in what the LLM said, none where it is no report."""
    try:
        told = json.loads(fenced(text, "json"))
        return [each for each in told["vulnerabilities"] if isinstance(each, dict)]
    except (ValueError, LookupError, TypeError):
        return []


def audit(task, contracts):
    """Return a report of what the LLM holds against the contracts, after it has argued for them as well."""
    found = []
    try:
        found = findings(ask([says("system", ACCUSE), says("user", f"{task}\n\n{contracts}")]))
        if found and is_time():
            report = json.dumps({"vulnerabilities": found})
            kept = findings(ask([says("system", DEFEND), says("user", f"{contracts}\n\n{report}")]))
            found = with_pocs(kept, found)
    except NoLLMError as error:
        print(error, file=sys.stderr)
    return json.dumps({"vulnerabilities": found}, indent=2)


def with_pocs(kept, before):
    """Return findings with the proofs of concept that they had before, where they were kept without them."""
    pocs = {str(each.get("title")): each["poc"] for each in before if isinstance(each.get("poc"), str)}
    return [{"poc": pocs[title], **each} if (title := str(each.get("title"))) in pocs else each for each in kept]


# -- proofs ---------------------------------------------------------------------------------------------------------


def is_proof(task):
    """Whether a task asks for an exploit or a patch."""
    return "contract named Exploit" in task or "Print a unified diff" in task


def refusal(answer):
    """Return why an answer does not compile, "" where it does or nobody can be asked."""
    if "COMPILER_URL" not in os.environ:
        return ""
    try:
        with urllib.request.urlopen(os.environ["COMPILER_URL"], data=answer.encode()) as response:
            return json.load(response)["message"]
    except urllib.error.HTTPError as error:
        print(json.load(error)["error"]["message"], file=sys.stderr)
        return ""


def prove(task, contracts):
    """Return an exploit or a patch: what the LLM says first, or what it makes of the compiler's message."""
    wanted = PATCH if "Print a unified diff" in task else ""
    messages = [says("system", PROVE), says("user", f"{task}\n{wanted}\n\n{contracts}")]
    answer = ""
    try:
        said = ask(messages)
        answer = fenced(said, r"\w*")
        wrong = refusal(answer)
        if wrong and is_time():
            messages += [says("assistant", said), says("user", f"{wrong}\nAnswer with all of it, mended.")]
            answer = fenced(ask(messages), r"\w*")
    except NoLLMError as error:
        print(error, file=sys.stderr)
    return answer


def main():
    """Read the task and print the answer."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--task", required=True, help="what to do")
    task = parser.parse_args().task
    paths = sorted(Path().rglob("*.sol"))
    files = (f"// {path.as_posix()}\n{path.read_text(encoding='utf-8', errors='replace')}" for path in paths)
    contracts = "\n\n".join(files)
    if not contracts:
        print(write_code(task))
    else:
        print(prove(task, contracts) if is_proof(task) else audit(task, contracts))


if __name__ == "__main__":
    main()
