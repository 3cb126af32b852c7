#!/usr/bin/env bash
# Guess: a server that lists one model refuses a request for another one, as OpenAI does with 404.
# What happens: llama.cpp's server answers a request for any name with the one model that it has loaded, and names that
# model in its answer.
# Why our users care: a misspelt model name is found out by no known-good request, and two names in a price table may be
# one model. Compare the name in the answer.
set -euo pipefail

folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check "xllamacpp==2026.10.11549" "gguf==0.19.0"

cat >"$folder/model.py" <<'PY'
"""A model of random weights with one token for each byte."""
import sys

import gguf
import numpy as np

tokens = [b"<unk>", b"<s>", b"</s>", *(f"<0x{value:02X}>".encode() for value in range(256))]
kinds = [gguf.TokenType.UNKNOWN, gguf.TokenType.CONTROL, gguf.TokenType.CONTROL, *[gguf.TokenType.BYTE] * 256]
model, chance = gguf.GGUFWriter(sys.argv[1], "llama"), np.random.default_rng(7)
model.add_context_length(2048)
model.add_embedding_length(32)
model.add_block_count(1)
model.add_feed_forward_length(64)
model.add_head_count(2)
model.add_head_count_kv(2)
model.add_layer_norm_rms_eps(1e-5)
model.add_rope_dimension_count(16)
model.add_tokenizer_model("llama")
model.add_token_list(tokens)
model.add_token_scores([0.0] * len(tokens))
model.add_token_types(kinds)
model.add_bos_token_id(1)
model.add_eos_token_id(2)
model.add_chat_template("{% for m in messages %}{{ m['content'] }}\n{% endfor %}")
shapes = {"token_embd": (259, 32), "output": (259, 32)}
shapes |= {f"blk.0.attn_{name}": (32, 32) for name in ("q", "k", "v", "output")}
shapes |= {"blk.0.ffn_gate": (64, 32), "blk.0.ffn_up": (64, 32), "blk.0.ffn_down": (32, 64)}
for name, shape in shapes.items():
    model.add_tensor(f"{name}.weight", chance.normal(0, 0.1, shape).astype(np.float32))
for name in ("output_norm", "blk.0.attn_norm", "blk.0.ffn_norm"):
    model.add_tensor(f"{name}.weight", np.ones(32, np.float32))
model.write_header_to_file()
model.write_kv_data_to_file()
model.write_tensors_to_file()
model.close()
PY
"$folder/venv/bin/python" "$folder/model.py" "$folder/tiny.gguf"
port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$folder/venv/bin/python" - "$folder/tiny.gguf" "$port" >"$folder/log" 2>&1 <<'PY' &
import sys
import time

import xllamacpp

params = xllamacpp.CommonParams()
params.model.path, params.port, params.n_ctx, params.warmup = sys.argv[1], int(sys.argv[2]), 2048, False
server = xllamacpp.Server(params)
time.sleep(600)
PY
for _ in $(seq 120); do
    curl -sf -m 2 "http://127.0.0.1:$port/health" >/dev/null && break
    sleep 0.5
done
"$folder/venv/bin/pip" list 2>/dev/null | grep '^xllamacpp '
ask() { # PATH BODY
    curl -s -m 60 "http://127.0.0.1:$port$1" -H 'Content-Type: application/json' -d "$2"
}

asked='{"model": "a-model-nobody-has", "max_tokens": 2, "messages": [{"role": "user", "content": "hi"}]}'
curl -s -m 60 "http://127.0.0.1:$port/v1/models" | tee "$folder/models"
echo
ask /v1/chat/completions "$asked" | tee "$folder/seen"
if grep -q a-model-nobody-has "$folder/models"; then exit 1; fi
grep -q '"object":"chat.completion"' "$folder/seen"
grep -q '"model":"[^"]*tiny.gguf"' "$folder/seen"
echo "as described"
