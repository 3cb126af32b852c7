"""How an agent is started: `python agent.py --task PROMPT`, or by calling the agent_main() of its file."""

from functools import cache
from importlib.resources import files

from bitsec_eval.core.tasks.task import AGENT_MAIN, CLI


def program_of(source: bytes, protocol: str, seconds: float, solution: bytes | None = None) -> bytes:
    """Return what is run as agent.py: the agent itself, or what calls its agent_main().

    `seconds` is the agent's timeout, which agents of Ridges look for in their environment. `solution` is the diff
    that an agent is given to try itself out, as Ridges' sandbox does, at /sandbox/solution.diff.
    """
    if protocol == CLI:
        return source
    assert protocol == AGENT_MAIN  # noqa: S101 - a task checks its protocol
    return f"AGENT = {source!r}\nSECONDS = {seconds!r}\nSOLUTION = {solution!r}\n".encode() + _caller()


@cache
def _caller() -> bytes:
    return files("bitsec_eval.sandbox.guest").joinpath("agent_main.py").read_bytes()
