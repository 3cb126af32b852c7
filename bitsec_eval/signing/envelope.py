"""Signed statements: an in-toto Statement v1 in a DSSE envelope, signed with Ed25519.

Both are public formats, so other tools can check a signature. A statement names files with their SHA-256; whatever
else it says (who, when, what) is in its predicate. What was signed are the bytes of the payload, and they are read
only once their signature holds. An envelope has one spelling: a file that says the same in another was changed.
"""

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any

from bitsec_eval.core.errors import ResultsError
from bitsec_eval.signing.keys import PublicKey, SigningKey

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:bitsec-eval:record:v1"
MOST_CHARACTERS = 1 << 28


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What was signed: files by their names with their SHA-256 in hexadecimal, and what is said of them."""

    files: dict[str, str]
    said: dict[str, Any]


def sealed(statement: Statement, key: SigningKey) -> str:
    """Return the envelope of a statement, as JSON text that ends with a newline."""
    told = {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": name, "digest": {"sha256": sha}} for name, sha in sorted(statement.files.items())],
        "predicateType": PREDICATE_TYPE,
        "predicate": statement.said,
    }
    payload = json.dumps(told, sort_keys=True, separators=(",", ":")).encode()
    return _spelled(payload, key.public, key.sign(_signed_bytes(payload)))


def _spelled(payload: bytes, key: PublicKey, signature: bytes) -> str:
    envelope = {
        "payloadType": PAYLOAD_TYPE,
        "payload": base64.b64encode(payload).decode(),
        "signatures": [{"keyid": key.text, "sig": base64.b64encode(signature).decode()}],
    }
    return json.dumps(envelope, indent=2, sort_keys=True) + "\n"


def opened(text: str) -> tuple[Statement, PublicKey]:
    """Return the statement in an envelope and the key that signed it.

    Raises: ResultsError where it is no such envelope, or the signature does not hold; the message lacks the file.
    """
    if len(text) > MOST_CHARACTERS:
        raise ResultsError(f"is no signature: {len(text)} characters")
    try:
        envelope = json.loads(text)
        payload = base64.b64decode(envelope["payload"], validate=True)
        (signature,) = envelope["signatures"]
        key = PublicKey.of(signature["keyid"])
        signed = base64.b64decode(signature["sig"], validate=True)
    except (KeyError, TypeError, ValueError, RecursionError, binascii.Error):
        raise ResultsError("is no signature that bitsec-eval sign wrote") from None
    if text != _spelled(payload, key, signed) or not key.holds(signed, _signed_bytes(payload)):
        raise ResultsError("was changed after it was signed, or was not signed with the key it names")
    return _statement(payload), key


def _statement(payload: bytes) -> Statement:
    try:
        told = json.loads(payload)
        kinds = (told["_type"], told["predicateType"])
        files = {str(each["name"]): str(each["digest"]["sha256"]) for each in told["subject"]}
        statement = Statement(files=files, said=dict(told["predicate"]))
    except (KeyError, TypeError, ValueError, RecursionError):
        raise ResultsError("signs something else than a record of an evaluation") from None
    if kinds != (STATEMENT_TYPE, PREDICATE_TYPE) or len(files) != len(told["subject"]):
        raise ResultsError("signs something else than a record of an evaluation")
    return statement


def _signed_bytes(payload: bytes) -> bytes:
    """Return DSSE's pre-authentication encoding, in which no part can pass for another."""
    kind = PAYLOAD_TYPE.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
