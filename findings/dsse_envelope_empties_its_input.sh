#!/usr/bin/env bash
# Guess: securesystemslib's Envelope.from_dict reads a DSSE envelope and leaves the dict that it was given as it is.
# What happens: it takes "keyid" and "sig" out of each signature in that dict. Read a second time, the same valid
# envelope raises KeyError; written back to disk, it has lost its signatures. Verification is right, at the first reading.
# Why our users care: records are signed in DSSE envelopes so that other tools can check them, and a tool that looks the
# key id up after reading the envelope, or hands the envelope on, finds neither. Hand in a deep copy.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check "securesystemslib[crypto]==1.6.0" "cryptography==50.0.2"

cat >"$folder/read.py" <<'PY'
import base64
import copy
import json

import securesystemslib
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey

key, kind, payload = Ed25519PrivateKey.generate(), "text/plain", b"a record"
signed = key.sign(b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload))
envelope = {
    "payloadType": kind,
    "payload": base64.b64encode(payload).decode(),
    "signatures": [{"keyid": "a validator", "sig": base64.b64encode(signed).decode()}],
}
before = copy.deepcopy(envelope)
public = key.public_key().public_bytes_raw().hex()
read = Envelope.from_dict(envelope)
print("version", securesystemslib.__version__)
verified = read.verify([SSlibKey("a validator", "ed25519", "ed25519", {"public": public})], 1)
print("verified", sorted(verified))
print("before", json.dumps(sorted(before["signatures"][0])), "after", json.dumps(sorted(envelope["signatures"][0])))
try:
    Envelope.from_dict(envelope)
    again = "is read"
except KeyError as error:
    again = f"KeyError {error}"
print("again:", again)
assert sorted(verified) == ["a validator"]
assert (sorted(before["signatures"][0]), envelope["signatures"][0]) == (["keyid", "sig"], {})
assert again == "KeyError 'sig'"
PY
"$folder/venv/bin/python" "$folder/read.py"
