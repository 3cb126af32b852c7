"""Tries a real OpenAI-compatible server through the gateway: what agents send, and what an operator gets wrong.

python try_server.py NAME BASE_URL MODEL [KEY]; the status is 1 if anything is wrong. See script/servers.
"""

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[3]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from inference.sessions import ask, gateway_to, session_of, told, usage_of  # noqa: E402

from bitsec_eval.core.errors import InferenceError  # noqa: E402
from bitsec_eval.inference.limits import RunLimits  # noqa: E402
from bitsec_eval.inference.retry import RetryPolicy  # noqa: E402

NAME, URL, MODEL, KEY = (*sys.argv[1:4], sys.argv[4] if len(sys.argv) > 4 else "")
USER = {"role": "user", "content": "say hello"}
SHORT = {"messages": [USER], "max_tokens": 20}
TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
SCHEMA = {"type": "object", "properties": {"n": {"type": "boolean"}}, "required": ["n"]}
FORM = {"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA}}
RETRY = RetryPolicy(tries=2, pause_seconds=0.05)


def answered(opened, body: dict, path: str = "/v1/chat/completions", status: int = 200) -> str:
    """Return what is wrong with what an agent gets, "" if nothing is."""
    before = usage_of(opened)
    reply = ask(opened, body, path, seconds=120)
    after = usage_of(opened)
    counted = after["prompt_tokens"] > before["prompt_tokens"] if status == 200 else True
    if reply.status != status or not counted or opened.failure is not None:
        return f"{reply.status}, {reply.body[:200]!r}, {after}, {opened.failure}"
    return ""


def refused_at_start(folder: Path, **changed: str) -> str:
    """Return what is wrong with how an evaluation does not begin."""
    provider = {"key": KEY, "base_url": URL, **changed}
    limits = RunLimits(models=(MODEL,))
    with gateway_to(URL, folder, run=limits, retry=RETRY, try_seconds=60.0, **provider) as gateway:
        try:
            gateway.backend.check()
        except InferenceError as error:
            print(f"    {error}")
            return "" if "does not answer a plain request" in str(error) else str(error)
    return "nothing was refused"


def steps(opened) -> dict[str, Callable[[], str]]:
    chat, responses, messages = "/v1/chat/completions", "/v1/responses", "/v1/messages"
    long = {**SHORT, "messages": [{"role": "user", "content": "x" * 200_000}]}
    return {
        "a plain request": lambda: answered(opened, SHORT),
        "no limit of the agent's": lambda: answered(opened, {"messages": [USER]}),
        "a stream": lambda: answered(opened, {**SHORT, "stream": True}),
        "a schema": lambda: answered(opened, {**SHORT, "response_format": FORM}),
        "a tool": lambda: answered(opened, {**SHORT, "tools": [TOOL]}),
        "fields that are null": lambda: answered(opened, {**SHORT, "tools": None, "temperature": None}),
        "responses": lambda: answered(opened, {"input": "say hello", "max_output_tokens": 20}, responses),
        "messages": lambda: answered(opened, SHORT, messages),
        "a tool without a function": lambda: answered(opened, {**SHORT, "tools": [{"type": "function"}]}, chat, 400),
        "a prompt beyond the context": lambda: answered(opened, long, chat, 400),
    }


def main() -> int:
    """Try everything."""
    wrong = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        limits = RunLimits(models=(MODEL,), max_tokens=8192)
        with gateway_to(URL, folder, run=limits, key=KEY, retry=RETRY, try_seconds=60.0) as gateway:
            opened = session_of(gateway)
            for step, run in steps(opened).items():
                wrong[step] = run()
            models = told(ask(opened, None, "/v1/models", "GET"))["data"]
            print(f"    {json.dumps(usage_of(opened))} for {[model['id'] for model in models]}")
        if KEY:
            wrong["a wrong key"] = refused_at_start(folder, key="sk-wrong-key-of-this-trial")
        wrong["a wrong address"] = refused_at_start(folder, base_url=URL.rpartition("/v1")[0] + "/nowhere")
        wrong["a server that is not there"] = refused_at_start(folder, base_url="http://127.0.0.1:9/v1")
    for step, trouble in wrong.items():
        print(f"  {'WRONG' if trouble else 'right'}  {NAME}: {step}{': ' if trouble else ''}{trouble}")
    return int(any(wrong.values()))


if __name__ == "__main__":
    sys.exit(main())
