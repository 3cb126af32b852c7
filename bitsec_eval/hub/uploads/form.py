"""Read an upload's form; the client's file name and the file's field name mean nothing here."""

from dataclasses import dataclass

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

from bitsec_eval.hub.problems import MALFORMED, NOT_A_FORM, WRONG_FIELDS, Refused

_MOST_FIELDS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadForm:
    """What a client sent: nothing in it is checked; a missing or empty token is None."""

    miner_id: str
    source: bytes
    token: str | None = None
    new_token: str | None = None


async def upload_form(request: Request) -> UploadForm:
    """Read the form of one upload.

    Raises: Refused where it is no such form.
    """
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise Refused(NOT_A_FORM)
    try:
        form = await request.form(max_files=_MOST_FIELDS, max_fields=_MOST_FIELDS)
    except (HTTPException, ValueError):  # ValueError: some charsets raise a bare UnicodeError
        raise Refused(MALFORMED) from None
    texts, source = await _fields(form)
    token = bearer(request) or texts.pop("token", None)
    texts.pop("token", None)
    new_token = texts.pop("new_token", None)
    miner_id = texts.pop("miner_id", None)
    if texts or miner_id is None:
        raise Refused(WRONG_FIELDS)
    return UploadForm(miner_id=miner_id, source=source, token=token or None, new_token=new_token or None)


async def token_in(request: Request) -> str | None:
    """Return the field `token` of a form, None where there is none."""
    try:
        form = await request.form(max_files=0, max_fields=_MOST_FIELDS)
    except (HTTPException, ValueError):
        raise Refused(MALFORMED) from None
    token = form.get("token")
    return token if isinstance(token, str) and token else None


async def _fields(form: FormData) -> tuple[dict[str, str], bytes]:
    """Return the text fields and the one file's bytes; a browser sends a file not chosen as an empty one."""
    pairs = form.multi_items()
    texts = [(name, value) for name, value in pairs if isinstance(value, str)]
    files = [value for _, value in pairs if isinstance(value, UploadFile)]
    chosen = [file for file in files if file.filename or file.size]
    if len(chosen) != 1 or len(dict(texts)) != len(texts):
        raise Refused(WRONG_FIELDS)
    return dict(texts), await chosen[0].read()


def bearer(request: Request) -> str | None:
    """Return the token of an `Authorization: Bearer` header."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None
