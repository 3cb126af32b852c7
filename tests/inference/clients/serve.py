"""The door as an agent finds it, on this host: proxy, bridge, gateway and ledger, before a server of our own.

`python tests/inference/clients/serve.py CLIENT PYTHON...` runs openai_client.py or anthropic_client.py with each of
these Pythons and compares what they print with what is right; see script/clients.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[3]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from inference.proxies import open_proxy  # noqa: E402
from inference.server import Handler, completion, serving  # noqa: E402
from inference.sessions import gateway_to, session_of  # noqa: E402

CALL = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": '{"what": "it"}'}}
RIGHT = {
    "openai": {
        "chat": ["hello", "stop", 15],
        "chat_stream": ["hello", 15],
        "chat_tools": ["look", {"what": "it"}, "42 it is"],
        "chat_stream_tools": ['{"what": "it"}', "tool_calls"],
        "chat_schema": '{"n": 7}',
        "models": ["small"],
        "refused": [404, "model_not_found", True],
        "wrong": [400, "invalid_request"],
        "responses": ["hello", "completed", 15],
        "responses_stream": ["response.created", "response.completed", "hello"],
        "responses_tools": ["look", {"what": "it"}, "42 it is"],
    },
    "anthropic": {
        "messages": ["hello", "end_turn", 15],
        "messages_stream": ["hello", "end_turn", 5],
        "messages_tools": ["tool_use", "look", {"what": "it"}, "42 it is"],
        "messages_stream_tools": ["tool_use", {"what": "it"}],
        "messages_schema": '{"n": 7}',
        "refused": [404, True],
        "wrong": [400, True],
    },
}


def answer(handler: Handler, request: dict) -> None:
    """Call the tool when asked to, say what it found, and else greet."""
    last = request["messages"][-1]
    if last["role"] == "tool":
        handler.send_json(200, completion("42 it is" if "it is 42" in json.dumps(last["content"]) else "nothing"))
    elif request.get("tools") and request["tools"][0]["function"]["name"] == "look":
        handler.send_json(200, completion(None, tool_calls=[CALL]))
    else:
        handler.send_json(200, completion('{"n": 7}' if "response_format" in request else "hello"))


@contextmanager
def served() -> Iterator[str]:
    """Yield the address of a proxy on this host, without its /v1."""
    with tempfile.TemporaryDirectory() as folder, serving() as upstream:
        upstream.otherwise = answer
        with gateway_to(upstream.url, Path(folder)) as gateway, open_proxy(session_of(gateway)) as proxy:
            yield f"http://127.0.0.1:{proxy.address[1]}"


def told_by(client: str, python: str, address: str) -> dict:
    """Run a client's program with a Python that has it, and return what it prints."""
    base = f"{address}/v1" if client == "openai" else address
    program = Path(__file__).with_name(f"{client}_client.py")
    done = subprocess.run([python, str(program), base], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def wrong_in(client: str, told: dict) -> dict:
    """Return what a client printed that is not right."""
    return {step: said for step, said in told.items() if step != "version" and said != RIGHT[client][step]}


def main() -> int:
    """Try every Python; the status is 1 if one of them is told something wrong."""
    client, *pythons = sys.argv[1:]
    status = 0
    for python in pythons:
        with served() as address:
            told = told_by(client, python, address)
        wrong = wrong_in(client, told)
        status |= bool(wrong)
        print(f"{client} {told['version']}: {len(told) - 1} steps, {wrong or 'all right'}", flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
