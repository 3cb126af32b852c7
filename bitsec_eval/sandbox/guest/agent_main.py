"""Runs an agent that was written for Bitsec or Ridges: loads its file, calls agent_main(), prints what it returns.

The host puts three lines before this text: AGENT, the agent's source as bytes, SECONDS, its timeout, and SOLUTION, a
diff that the agent is given (None as a rule). What comes back of agent_main() is the answer: a dict as JSON, a text
as it is. Whatever is printed meanwhile goes to stderr, since both systems read the returned value and not stdout.
Python 3.8 and newer, standard library only.
"""

import importlib.util
import inspect
import json
import os
import shutil
import subprocess
import sys

FOLDER = "/tmp/agent_main"
PROJECT = FOLDER + "/repo"
"""Images with libraries have the folder as /sandbox, where agents of Ridges look for repo and solution.diff."""

HISTORY = (
    ["init", "--quiet", "--template="],
    ["config", "user.email", "agent@example.invalid"],
    ["config", "user.name", "agent"],
    ["add", "--all"],
    ["commit", "--quiet", "--allow-empty", "--message", "the project as it was given"],
)


def load(source):
    os.makedirs(FOLDER, exist_ok=True)
    path = os.path.join(FOLDER, "agent.py")
    with open(path, "wb") as file:
        file.write(source)
    sys.path.insert(0, FOLDER)
    spec = importlib.util.spec_from_file_location("agent", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["agent"] = module
    spec.loader.exec_module(module)
    if not callable(getattr(module, "agent_main", None)):
        raise SystemExit("agent.py defines no agent_main(); this task calls it")
    return module.agent_main


def work_in_a_copy():
    """Work in a copy of the project: agents of both systems write to their working directory, here it is read-only.

    A project too large for /tmp stays where it is.
    """
    try:
        shutil.copytree(os.getcwd(), PROJECT, symlinks=True, copy_function=shutil.copyfile)
        for folder, _, _ in os.walk(PROJECT):
            os.chmod(folder, 0o700)
    except (OSError, shutil.Error):
        shutil.rmtree(PROJECT, ignore_errors=True)
    else:
        os.chdir(PROJECT)
        begin_history()


def begin_history():
    """Commit the copy where the image has git: agents of Ridges take their patch from `git diff`."""
    if shutil.which("git") is None or os.path.exists(".git"):
        return
    for command in HISTORY:
        subprocess.run(["git", *command], stdin=subprocess.DEVNULL, check=False)


def give(solution):
    if solution is not None:
        os.makedirs(FOLDER, exist_ok=True)
        with open(os.path.join(FOLDER, "solution.diff"), "wb") as file:
            file.write(solution)


def takes_input(main):
    """Whether agent_main() must be given something, as Ridges gives it the problem; Bitsec's need nothing.

    One that may do without is given it where its first parameter is called so.
    """
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    try:
        parameters = [each for each in inspect.signature(main).parameters.values() if each.kind in positional]
    except (TypeError, ValueError):
        return False
    is_named = bool(parameters) and parameters[0].name.startswith(("input", "problem"))
    return is_named or any(each.default is each.empty for each in parameters)


def prompt_of(arguments):
    return arguments[arguments.index("--task") + 1] if "--task" in arguments else ""


def name_the_environment(seconds):
    """Set the names under which the agents of both systems look; none of them tells one run from another."""
    inference = os.environ.get("INFERENCE_API", "")
    names = {
        "PROJECT_ID": "project",
        "JOB_ID": "job",
        "RUN_ID": "run",
        "EVALUATION_RUN_ID": "00000000-0000-0000-0000-000000000000",
        "AGENT_TIMEOUT": "%g" % seconds,
    }
    if inference:
        names["SANDBOX_PROXY_URL"] = inference
        names["OPENROUTER_API_KEY"] = os.environ.get("OPENAI_API_KEY", "none")
    for name, value in names.items():
        os.environ.setdefault(name, value)


def answer_of(result):
    """Return the text of an answer: what a wrapper {"success": ..., "report": ...} holds counts, not the wrapper."""
    if isinstance(result, dict) and "report" in result and isinstance(result.get("success"), bool):
        if not result["success"]:
            raise SystemExit("agent_main() says that it failed: %s" % (result.get("error"),))
        result = result["report"]
    if isinstance(result, str):
        return result
    return json.dumps(result)


def run(source, seconds, solution):
    answers = os.dup(1)
    os.dup2(2, 1)
    sys.stdout.reconfigure(line_buffering=True)  # else a traceback would stand before what was printed earlier
    name_the_environment(seconds)
    prompt = prompt_of(sys.argv)
    sys.argv = [os.path.join(FOLDER, "agent.py")]
    work_in_a_copy()
    give(solution)
    main = load(source)
    result = main({"problem_statement": prompt}) if takes_input(main) else main()
    sys.stdout.flush()
    with os.fdopen(answers, "wb") as out:
        out.write(answer_of(result).encode("utf-8", "surrogateescape"))


if __name__ == "__main__":
    run(AGENT, SECONDS, SOLUTION)  # noqa: F821 - the host's three lines
