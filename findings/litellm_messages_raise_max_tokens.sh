#!/usr/bin/env bash
# Guess: LiteLLM's proxy passes a request for /v1/messages on to an OpenAI-compatible server as a chat completion, with
# the limit that the client named in max_tokens.
# What happens: it goes to the server's /v1/responses, and a limit below 16 becomes 16. A server that has no such path
# answers 404 for a model whose chat completions work.
# Why our users care: a budget of completion tokens that is held by max_tokens does not hold behind this path, and a
# known-good request over one dialect says nothing about another.
set -euo pipefail

folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check "litellm[proxy]==1.108.7"

cat >"$folder/upstream.py" <<'PY'
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Upstream(BaseHTTPRequestHandler):
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with open(sys.argv[2], "a") as log:
            print(self.path, json.dumps(asked), file=log)
        body = json.dumps(RESPONSE if self.path.endswith("/responses") else COMPLETION).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass


MESSAGE = {"role": "assistant", "content": "one two"}
COMPLETION = {
    "id": "c", "object": "chat.completion", "created": 1, "model": "m",
    "choices": [{"index": 0, "finish_reason": "length", "message": MESSAGE}],
}
RESPONSE = {
    "id": "r", "object": "response", "created_at": 1, "status": "completed", "model": "m",
    "output": [{"type": "message", "id": "m", "status": "completed", "role": "assistant",
                "content": [{"type": "output_text", "text": "one two", "annotations": []}]}],
    "parallel_tool_calls": True, "tool_choice": "auto", "tools": [],
    "usage": {"input_tokens": 9, "output_tokens": 4, "total_tokens": 13},
}
ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Upstream).serve_forever()
PY
free_port() { python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
upstream=$(free_port)
python3 "$folder/upstream.py" "$upstream" "$folder/asked" &
cat >"$folder/config.yaml" <<END
model_list:
  - model_name: small
    litellm_params: {model: openai/small, api_base: "http://127.0.0.1:$upstream/v1", api_key: none}
general_settings:
  master_key: sk-right
END
proxy=$(free_port)
LITELLM_LOCAL_MODEL_COST_MAP=True "$folder/venv/bin/litellm" --config "$folder/config.yaml" --host 127.0.0.1 \
    --port "$proxy" >"$folder/log" 2>&1 &
for _ in $(seq 240); do
    curl -s -m 2 "http://127.0.0.1:$proxy/health/liveliness" >/dev/null && break
    sleep 0.5
done
"$folder/venv/bin/pip" list 2>/dev/null | grep '^litellm '
ask() { # KEY PATH BODY
    curl -s -m 60 -w '\nstatus %{http_code}\n' "http://127.0.0.1:$proxy$2" -H "Authorization: Bearer $1" \
        -H 'Content-Type: application/json' -d "$3"
}

ask sk-right /v1/messages '{"model": "small", "max_tokens": 4, "messages": [{"role": "user", "content": "hi"}]}'
cat "$folder/asked"
grep -q '^/v1/responses .*"max_output_tokens": 16' "$folder/asked"
if grep -q '^/v1/chat/completions' "$folder/asked"; then exit 1; fi
echo "as described"
