"""Run by a Python that has OpenAI's client: does what agents do with it, and prints what came of it as JSON.

python openai_client.py BASE_URL; serve.py says what is behind it. Works with 1.x, 2.x and 3.x.
"""

import json
import sys

import openai

TOOL = {
    "name": "look",
    "description": "Look something up.",
    "parameters": {"type": "object", "properties": {"what": {"type": "string"}}, "required": ["what"]},
}
SCHEMA = {
    "type": "object",
    "properties": {"n": {"type": "integer"}},
    "required": ["n"],
    "additionalProperties": False,
}
USER = {"role": "user", "content": "say hello"}
client = openai.OpenAI(base_url=sys.argv[1], api_key="sk-run-test", max_retries=0)


def chat():
    said = client.chat.completions.create(model="small", messages=[USER], temperature=0, max_tokens=50)
    return [said.choices[0].message.content, said.choices[0].finish_reason, said.usage.total_tokens]


def chat_stream():
    options = {"include_usage": True}
    chunks = list(client.chat.completions.create(model="small", messages=[USER], stream=True, stream_options=options))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    return [text, chunks[-1].usage.total_tokens]


def chat_tools():
    tools = [{"type": "function", "function": TOOL}]
    turns = [{"role": "user", "content": "use the tool"}]
    first = client.chat.completions.create(model="small", messages=turns, tools=tools, tool_choice="auto")
    call = first.choices[0].message.tool_calls[0]
    turns += [first.choices[0].message, {"role": "tool", "tool_call_id": call.id, "content": "it is 42"}]
    second = client.chat.completions.create(model="small", messages=turns, tools=tools)
    return [call.function.name, json.loads(call.function.arguments), second.choices[0].message.content]


def chat_stream_tools():
    tools = [{"type": "function", "function": TOOL}]
    turns = [{"role": "user", "content": "use the tool"}]
    chunks = list(client.chat.completions.create(model="small", messages=turns, tools=tools, stream=True))
    calls = [call for chunk in chunks if chunk.choices for call in chunk.choices[0].delta.tool_calls or ()]
    return ["".join(call.function.arguments or "" for call in calls), chunks[-1].choices[0].finish_reason]


def chat_schema():
    wanted = {"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA, "strict": True}}
    said = client.chat.completions.create(model="small", messages=[USER], response_format=wanted)
    return said.choices[0].message.content


def models():
    return [model.id for model in client.models.list()]


def refused():
    try:
        client.chat.completions.create(model="dearest", messages=[USER])
    except openai.NotFoundError as error:
        return [error.status_code, error.code, "not offered" in str(error)]


def wrong():
    try:
        client.chat.completions.create(model="small", messages=[USER], temperature=9)
    except openai.BadRequestError as error:
        return [error.status_code, error.code]


def responses():
    said = client.responses.create(model="small", input="say hello", instructions="be brief", max_output_tokens=50)
    return [said.output_text, said.status, said.usage.total_tokens]


def responses_stream():
    with client.responses.stream(model="small", input="say hello") as stream:
        kinds = [event.type for event in stream]
        return [kinds[0], kinds[-1], stream.get_final_response().output_text]


def responses_tools():
    tools = [{"type": "function", **TOOL, "strict": True}]
    turns = [{"role": "user", "content": [{"type": "input_text", "text": "use the tool"}]}]
    first = client.responses.create(model="small", input=turns, tools=tools)
    call = next(item for item in first.output if item.type == "function_call")
    turns += [*first.output, {"type": "function_call_output", "call_id": call.call_id, "output": "it is 42"}]
    second = client.responses.create(model="small", input=turns, tools=tools)
    return [call.name, json.loads(call.arguments), second.output_text]


STEPS = [chat, chat_stream, chat_tools, chat_stream_tools, chat_schema, models, refused, wrong]
if hasattr(client, "responses"):  # since 1.66
    STEPS += [responses, responses_stream, responses_tools]
print(json.dumps({"version": openai.__version__, **{step.__name__: step() for step in STEPS}}))
