"""Run by a Python that has Anthropic's client: does what agents do with it, and prints what came of it as JSON.

python anthropic_client.py BASE_URL, without its /v1; serve.py says what is behind it.
"""

import json
import sys

import anthropic

TOOL = {
    "name": "look",
    "description": "Look something up.",
    "input_schema": {"type": "object", "properties": {"what": {"type": "string"}}, "required": ["what"]},
}
USER = {"role": "user", "content": "say hello"}
client = anthropic.Anthropic(base_url=sys.argv[1], api_key="sk-run-test", max_retries=0)


def messages():
    said = client.messages.create(
        model="small", max_tokens=50, system="be brief", messages=[USER], stop_sequences=["X"]
    )
    return [said.content[0].text, said.stop_reason, said.usage.input_tokens + said.usage.output_tokens]


def messages_stream():
    with client.messages.stream(model="small", max_tokens=50, messages=[USER]) as stream:
        text = "".join(stream.text_stream)
        final = stream.get_final_message()
    return [text, final.stop_reason, final.usage.output_tokens]


def messages_tools():
    turns = [{"role": "user", "content": [{"type": "text", "text": "use the tool"}]}]
    asked = {"model": "small", "max_tokens": 50, "tools": [TOOL]}
    first = client.messages.create(messages=turns, tool_choice={"type": "any"}, **asked)
    call = next(block for block in first.content if block.type == "tool_use")
    result = {"type": "tool_result", "tool_use_id": call.id, "content": [{"type": "text", "text": "it is 42"}]}
    turns += [{"role": "assistant", "content": first.content}, {"role": "user", "content": [result]}]
    second = client.messages.create(messages=turns, **asked)
    return [first.stop_reason, call.name, call.input, second.content[0].text]


def messages_stream_tools():
    turns = [{"role": "user", "content": "use the tool"}]
    with client.messages.stream(model="small", max_tokens=50, tools=[TOOL], messages=turns) as stream:
        final = stream.get_final_message()
    return [final.stop_reason, final.content[-1].input]


def messages_schema():
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    wanted = {"output_config": {"format": {"type": "json_schema", "schema": schema}, "effort": "low"}}
    said = client.messages.create(model="small", max_tokens=50, messages=[USER], extra_body=wanted)
    return said.content[0].text


def refused():
    try:
        client.messages.create(model="dearest", max_tokens=5, messages=[USER])
    except anthropic.NotFoundError as error:
        return [error.status_code, "not offered" in str(error)]


def wrong():
    try:
        client.messages.create(model="small", max_tokens=5, messages=[USER], extra_body={"temperature": 9})
    except anthropic.BadRequestError as error:
        return [error.status_code, "temperature" in str(error)]


STEPS = [messages, messages_stream, messages_tools, messages_stream_tools, messages_schema, refused, wrong]
print(json.dumps({"version": anthropic.__version__, **{step.__name__: step() for step in STEPS}}))
