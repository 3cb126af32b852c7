#!/usr/bin/env bash
# Guess: what OpenAI's and Anthropic's Python clients raise on the way has an httpx exception as its cause, and
# http_client= takes an httpx.Client, as it was in openai 1 and 2 and anthropic 0.
# What happens: openai 3 and anthropic 2 are built on another package, httpx2, which installs beside httpx. The cause of a
# connection error is an exception of httpx2, which is none of httpx. Anthropic's client refuses an httpx.Client with a
# TypeError; OpenAI's takes it, and then its causes are httpx's again.
# Why our users care: a harness that asks for isinstance(cause, httpx.HTTPError) to decide whether a failure is the
# network's blames somebody else after an upgrade, and a tuned client can be shared with one of the two only.
set -euo pipefail

folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check "openai==3.57.0" "anthropic==2.14.0" "httpx==0.28.1"

"$folder/venv/bin/python" - <<'PY'
import anthropic
import httpx
import httpx2
import openai

print("openai", openai.__version__, "anthropic", anthropic.__version__, "httpx2", httpx2.__version__)


def cause(**more):
    client = openai.OpenAI(api_key="none", base_url="http://127.0.0.1:9/v1", max_retries=0, **more)
    try:
        client.models.list()
    except openai.APIConnectionError as error:
        print("cause:", type(error.__cause__).__module__, type(error.__cause__).__name__)
        return error.__cause__


assert isinstance(cause(), httpx2.HTTPError)
assert not isinstance(cause(), httpx.HTTPError)
assert isinstance(cause(http_client=httpx.Client()), httpx.HTTPError)
try:
    anthropic.Anthropic(api_key="none", http_client=httpx.Client())
except TypeError as error:
    print(error)
else:
    raise SystemExit("Anthropic's client takes an httpx.Client")
PY
echo "as described"
