#!/usr/bin/env bash
# Guess: the same prompt has the same number of prompt tokens, whoever asked it before and over whichever path.
# What happens: llama.cpp's server has prompt_tokens the same on /v1/chat/completions, but tells in cached_tokens and in
# timings how much of the prompt an earlier request left in its cache; on /v1/messages it takes these tokens off
# input_tokens, so that the second time one token is left.
# Why our users care: a usage that is passed on unread lets a guest find out whether another one sent the same prompt,
# and prices by input_tokens come out too low.
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

prompt="the same words for everybody"
asked="{\"model\": \"m\", \"max_tokens\": 2, \"messages\": [{\"role\": \"user\", \"content\": \"$prompt\"}]}"
for turn in first second; do
    ask /v1/chat/completions "$asked" | tee "$folder/chat.$turn"
    echo
done
ask /v1/messages "$asked" | tee "$folder/messages"
"$folder/venv/bin/python" - "$folder" <<'PY'
import json
import sys
from pathlib import Path

first, second, messages = (json.loads(Path(sys.argv[1], name).read_text()) for name in ("chat.first", "chat.second", "messages"))
assert first["usage"]["prompt_tokens"] == second["usage"]["prompt_tokens"] > 20
assert first["usage"]["prompt_tokens_details"]["cached_tokens"] == 0 == first["timings"]["cache_n"]
assert second["usage"]["prompt_tokens_details"]["cached_tokens"] > 20
assert messages["usage"]["input_tokens"] == 1, messages["usage"]
PY
echo "as described"
