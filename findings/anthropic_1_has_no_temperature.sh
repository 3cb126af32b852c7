#!/usr/bin/env bash
# Guess: Anthropic's Python client takes temperature, top_p and top_k in messages.create, as its versions 0.x do.
# What happens: since 1.0 these are no parameters any more: the call raises a TypeError before anything is sent. They
# still travel in extra_body.
# Why our users care: an agent's author who upgrades the client, or a harness that sets temperature to 0 for everybody,
# fails without a request; and a server behind a proxy may still be asked for a temperature by older clients.
set -euo pipefail

folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check "anthropic==1.17.0"

"$folder/venv/bin/python" - <<'PY'
import inspect

import anthropic

print("anthropic", anthropic.__version__)
create = anthropic.Anthropic(api_key="none", base_url="http://127.0.0.1:9", max_retries=0).messages.create
asked = {"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": "hi"}]}
try:
    create(**asked, temperature=0)
except TypeError as error:
    print(error)
else:
    raise SystemExit("temperature is taken")
assert not {"temperature", "top_p", "top_k"} & inspect.signature(create).parameters.keys()
try:
    create(**asked, extra_body={"temperature": 0})
except anthropic.APIConnectionError:
    print("with extra_body it is sent")
PY
echo "as described"
