"""Agents in real containers reach the LLM over a loopback that leads nowhere else, and harm nobody with it."""

import json
import threading
import time
from pathlib import Path

import pytest
from inference.server import Server, answer, hang, slow, status
from inference.sessions import gateway_to, session_of

from bitsec_eval.core.answers.answer import Answer, Ending
from bitsec_eval.core.errors import InferenceError
from bitsec_eval.core.tasks.task import Limits
from bitsec_eval.inference.gateway import off_gateway
from bitsec_eval.sandbox.docker.engine import DockerSandbox
from bitsec_eval.sandbox.execution.agent_run import AgentOrder, run_agent

LIMITS = Limits(wall_seconds=15)
ASK = """
import json, os, sys, urllib.error, urllib.request

def ask(path, body=None, base=os.environ["OPENAI_BASE_URL"], timeout=30, **headers):
    headers = {"Authorization": "Bearer " + os.environ["OPENAI_API_KEY"], **headers}
    data = None if body is None else json.dumps(body).encode()
    try:
        request = urllib.request.Request(base + path, data=data, headers=headers)
        with urllib.request.urlopen(request, timeout=timeout) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()

def chat(text="hello", **more):
    return ask("/chat/completions", {"model": "small", "messages": [{"role": "user", "content": text}], **more})
"""


def run(engine: DockerSandbox, source: str, line, limits: Limits = LIMITS) -> Answer:
    with engine.open(limits) as session:
        return run_agent(session, AgentOrder(source=(ASK + source).encode(), prompt="x", files={}), limits, line)


def test_plain_urllib_talks_in_turns_with_tools_and_streams(engine: DockerSandbox, upstream: Server, tmp_path: Path):
    calls = [{"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}]
    upstream.script(answer(None, tool_calls=calls), answer("all is well"), answer("streamed"))
    source = """
tools = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}]
messages = [{"role": "user", "content": "look"}]
first = json.loads(ask("/chat/completions", {"messages": messages, "tools": tools})[1])["choices"][0]["message"]
messages += [first, {"role": "tool", "tool_call_id": first["tool_calls"][0]["id"], "content": "nothing"}]
second = json.loads(ask("/chat/completions", {"messages": messages, "tools": tools})[1])["choices"][0]["message"]
events = [line[6:] for line in chat(stream=True)[1].splitlines() if line.startswith("data: {")]
streamed = "".join(json.loads(event)["choices"][0]["delta"].get("content", "") for event in events)
print(json.dumps([second["content"], streamed, json.loads(ask("/models")[1])["data"][0]["id"]]))
"""
    with gateway_to(upstream.url, tmp_path) as gateway:
        answered = run(engine, source, session_of(gateway))

    assert (answered.fault, json.loads(answered.text)) == ("", ["all is well", "streamed", "small"])
    assert upstream.requests[1]["messages"][1]["tool_calls"] == calls


def test_the_call_code_of_bitsecs_miners_works_unchanged(engine: DockerSandbox, upstream: Server, tmp_path: Path):
    source = """
headers = {"x-inference-api-key": os.environ["INFERENCE_API_KEY"], "x-project-id": "local", "x-job-id": "local"}
payload = {"model": "small", "messages": [{"role": "user", "content": "x"}]}
payload["response_format"] = {"type": "json_object"}
status, text = ask("/inference", payload, os.environ["INFERENCE_API"], **headers)
told = json.loads(text)
print(status, told["content"], told["role"], told["input_tokens"], told["output_tokens"])
print(told["choices"][0]["message"])
"""
    with gateway_to(upstream.url, tmp_path) as gateway:
        answered = run(engine, source, session_of(gateway))

    assert answered.text == "200 hello assistant 10 5\n{'role': 'assistant', 'content': 'hello'}\n"


@pytest.mark.parametrize("kind", ["engine", "oci_engine"])
def test_where_no_llm_is_offered_an_agent_that_asks_hears_so(request: pytest.FixtureRequest, kind: str):
    with off_gateway() as gateway:
        answered = run(
            request.getfixturevalue(kind),
            "print(chat()[0], json.loads(chat()[1])['error']['message'])",
            session_of(gateway),
        )

    assert answered.text == "503 no LLM is offered in this evaluation; answer without one\n"
    assert answered.usage is None


def test_nothing_but_the_door_can_be_reached(engine: DockerSandbox, upstream: Server, tmp_path: Path):
    port = int(upstream.url.split(":")[2].split("/")[0])
    source = f"""
import socket
for host, port in (("127.0.0.1", {port}), ("127.0.0.1", 4001), ("172.17.0.1", {port}), ("1.1.1.1", 443)):
    try:
        socket.create_connection((host, port), timeout=2)
        print(host, port, "REACHED")
    except OSError:
        pass
print([line.split(":")[0].strip() for line in open("/proc/net/dev") if ":" in line])
"""
    with gateway_to(upstream.url, tmp_path) as gateway:
        answered = run(engine, source, session_of(gateway))

    assert answered.text == "['lo']\n"


def test_over_its_budget_an_agent_may_still_answer(engine: DockerSandbox, upstream: Server, tmp_path: Path):
    with gateway_to(upstream.url, tmp_path) as gateway:
        line = session_of(gateway, calls=2)
        answered = run(engine, "print([chat()[0] for _ in range(4)])", line)

        assert (answered.fault, answered.text) == ("", "[200, 200, 429, 429]\n")
        assert line.settled().calls == 2


def test_trouble_of_the_provider_costs_an_agent_no_time(engine: DockerSandbox, upstream: Server, tmp_path: Path):
    upstream.script(status(429, Retry_After="1"), status(429, Retry_After="1"))
    with gateway_to(upstream.url, tmp_path) as gateway:
        answered = run(engine, "print(chat()[0])", session_of(gateway), Limits(wall_seconds=2))

    assert (answered.ending, answered.text) == (Ending.EXITED, "200\n")
    assert answered.seconds > 2


def test_trouble_that_lasts_longer_than_the_tasks_timeout_makes_the_run_void(
    engine: DockerSandbox, upstream: Server, tmp_path: Path
):
    """The clock stands still for as long as a task has at most; what is late then is not the agent's doing."""
    upstream.script(*[status(429, Retry_After="2")] * 4)
    with gateway_to(upstream.url, tmp_path) as gateway, pytest.raises(InferenceError, match="held up .* timeout"):
        run(engine, "print(chat()[0])", session_of(gateway), Limits(wall_seconds=1))


def test_an_llm_that_thinks_for_long_costs_an_agent_its_time(engine: DockerSandbox, upstream: Server, tmp_path: Path):
    upstream.otherwise = slow(2)
    with gateway_to(upstream.url, tmp_path) as gateway:
        line = session_of(gateway)
        answered = run(engine, "print(chat()[0])", line, Limits(wall_seconds=1))

        assert answered.ending is Ending.TIMED_OUT
        assert line.settled().calls == 1


@pytest.mark.parametrize("giving_up", ["timeout=30", "timeout=0.5"], ids=["waits", "gives up"])
def test_a_provider_that_never_answers_makes_the_run_void(
    engine: DockerSandbox, upstream: Server, tmp_path: Path, giving_up: str
):
    upstream.is_down(hang())
    source = f"""
try:
    ask("/chat/completions", {{"messages": [{{"role": "user", "content": "x"}}]}}, {giving_up})
except OSError:
    print("no answer")
"""
    with gateway_to(upstream.url, tmp_path, try_seconds=1) as gateway:
        line = session_of(gateway)
        with pytest.raises(InferenceError, match="lastly with ReadTimeout"):
            run(engine, source, line, Limits(wall_seconds=1))
            line.settled()


def test_nobody_is_served_once_the_agent_has_ended(engine: DockerSandbox, upstream: Server, tmp_path: Path):
    source = """
if os.fork() == 0:
    os.setsid()
    while True:
        try:
            chat()
        except OSError:
            pass
print(chat()[0])
"""
    with gateway_to(upstream.url, tmp_path) as gateway:
        line = session_of(gateway)
        answered = run(engine, source, line)
        line.settled()
        asked = len(upstream.requests)
        time.sleep(1)

        assert (answered.text, len(upstream.requests)) == ("200\n", asked)


HOSTILE = {
    "an endless header": """
import socket
door = socket.create_connection(("127.0.0.1", 4000))
door.sendall(b"GET / HTTP/1.1\\r\\nx: ")
while True:
    door.sendall(b"y" * 65536)
""",
    "a huge body": """
import socket
while True:
    door = socket.create_connection(("127.0.0.1", 4000))
    door.sendall(b"POST /v1/chat/completions HTTP/1.1\\r\\nContent-Length: 60000000\\r\\n\\r\\n")
    for _ in range(900):
        door.sendall(b"y" * 65536)
""",
    "thousands of connections": """
import socket
held = []
for number in range(200000):
    door = socket.socket()
    door.setblocking(False)
    door.connect_ex(("127.0.0.1", 4000))
    held.append(door)
    if len(held) > 200:
        held.pop(0).close()
""",
    "half-open requests": """
import socket, time
held = [socket.create_connection(("127.0.0.1", 4000)) for _ in range(60)]
for door in held:
    door.sendall(b"POST /v1/chat/completions HTTP/1.1\\r\\nContent-Length: 10\\r\\n\\r\\n{")
time.sleep(60)
""",
    "requests without end": """
import http.client
door = http.client.HTTPConnection("127.0.0.1", 4000)
while True:
    door.request("GET", "/v1/usage")
    door.getresponse().read()
""",
    "replies that nobody reads": """
import socket, time
held = [socket.create_connection(("127.0.0.1", 4000)) for _ in range(30)]
for door in held:
    door.sendall(b"GET /v1/models HTTP/1.1\\r\\n\\r\\n" * 5000)
time.sleep(60)
""",
    "frames forged on stdout": """
import struct
out = os.open("/proc/1/fd/1", os.O_WRONLY)
head = b'{"method":"POST","path":"/v1/chat/completions"}\\n{"messages":[{"role":"user","content":"forged"}]}'
for number in range(10**6):
    part = struct.pack(">IB", number, 1) + head
    os.write(out, struct.pack(">IB", len(part), ord("Q")) + part)
""",
    "parts without end": """
import struct
out = os.open("/proc/1/fd/1", os.O_WRONLY)
part = struct.pack(">IB", 7, 0)
while True:
    os.write(out, (struct.pack(">IB", len(part), ord("Q")) + part) * 1000)
""",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_agent_ends_in_a_value_and_its_neighbour_never_notices(
    engine: DockerSandbox, upstream: Server, tmp_path: Path, name: str
):
    honest = "print([chat()[0] for _ in range(20)] == [200] * 20)"
    ended: list[Answer] = []
    with gateway_to(upstream.url, tmp_path) as gateway:
        enemy, neighbour = session_of(gateway, "enemy"), session_of(gateway, "neighbour")
        limits = Limits(wall_seconds=3)
        thread = threading.Thread(target=lambda: ended.append(run(engine, HOSTILE[name], enemy, limits)))
        thread.start()
        answered = run(engine, honest, neighbour)
        thread.join(20)

        assert (answered.fault, answered.text) == ("", "True\n")
        assert ended[0].fault
        assert ended[0].seconds < 10
        enemy.settled()
        assert neighbour.settled().calls == 20
