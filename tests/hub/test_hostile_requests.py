"""Whatever bytes arrive, the answer is a documented status with a body that says why: never a 5xx, never silence."""

import itertools
import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from bitsec_eval.hub.http.openapi import BEFORE_ANY_ROUTE
from tests.hub.conftest import RunningHub, agent, launched

HOST = b"Host: 127.0.0.1\r\n"
CLOSE = b"Connection: close\r\n"
UPLOAD = b"POST /upload/agent HTTP/1.1\r\n"


@pytest.fixture(scope="module")
def hub(tmp_path_factory) -> Iterator[RunningHub]:
    many = ("--uploads-per-minute", "100000", "--wrong-tokens-per-minute", "100000")
    options = (*many, "--header-seconds", "1", "--body-seconds", "1")
    running = launched(tmp_path_factory.mktemp("hub"), *options)
    yield running
    running.kill()
    assert "Traceback" not in running.log()


def get(path: bytes, headers: bytes = HOST) -> bytes:
    return b"GET " + path + b" HTTP/1.1\r\n" + headers + CLOSE + b"\r\n"


def post(body: bytes, kind: bytes = b"multipart/form-data; boundary=x", headers: bytes = b"") -> bytes:
    head = UPLOAD + HOST + CLOSE + b"Content-Type: " + kind + b"\r\n" + headers
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


def form(*parts: bytes) -> bytes:
    return b"".join(b"--x\r\n" + part + b"\r\n" for part in parts) + b"--x--\r\n"


def text(name: bytes, value: bytes) -> bytes:
    return b'Content-Disposition: form-data; name="' + name + b'"\r\n\r\n' + value


def file(name: bytes = b"a.py", content: bytes = b"x", more: bytes = b"") -> bytes:
    return b'Content-Disposition: form-data; name="agent"; filename="' + name + b'"\r\n' + more + b"\r\n" + content


ODD_TEXTS = (
    *(
        b"",
        b"NaN",
        b"Infinity",
        b"-1",
        b"1e999",
        b"null",
        b"true",
        b"\x00",
        b"\xff\xfe",
        b"\xed\xa0\x80",
        b"\xf0\x9f\x98\x80",
    ),
    *(
        b"../../etc/passwd",
        b"..%2f..%2f",
        b"%00",
        b"%",
        b"%zz",
        b"%ff",
        b"%ed%a0%80",
        b"{{7*7}}",
        b"${jndi:ldap://x}",
    ),
    *("аdmin".encode(), "ａ".encode(), "\u202e".encode(), "ﬁ".encode(), b"'; DROP TABLE--", b"<script>", b"a" * 5000),
)
SAFE_TEXTS = tuple(
    re.sub(rb"[^\x21-\x7e]|[#?]", lambda found: b"%%%02x" % found.group()[0], odd) for odd in ODD_TEXTS
)
PATHS = (b"/agents/", b"/miners/", b"/tasks/", b"/static/", b"/")


def odd_paths() -> Iterator[bytes]:
    for path, odd in itertools.product(PATHS, SAFE_TEXTS):
        yield get(path + odd)
    for odd in SAFE_TEXTS:
        yield get(b"/agents?x=" + odd)
    traversals = (b"/static/../hub.py", b"/static/..%2fapp.py", b"//static/style.css", b"/./", b"/../../etc/passwd")
    yield from map(get, (*traversals, b"/agents/..", b"/agents/%2e%2e", b"/agents/a/../b", b"/static/style.css%00"))
    yield from map(get, (b"*", b"http://evil.example/", b"http://127.0.0.1/", b"evil.example:443", b"//evil.example"))


def odd_methods() -> Iterator[bytes]:
    for method, path in itertools.product(
        (b"HEAD", b"PUT", b"DELETE", b"PATCH", b"OPTIONS", b"TRACE", b"CONNECT", b"PROPFIND", b"get", b"X" * 300),
        (b"/", b"/agents/a", b"/upload/agent", b"/nowhere"),
    ):
        yield method + b" " + path + b" HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n"


def odd_framing() -> Iterator[bytes]:
    body = form(text(b"miner_id", b"a"), file())
    kind = b"Content-Type: multipart/form-data; boundary=x\r\n"
    for framing in (
        *(b"Content-Length: -1", b"Content-Length: +5", b"Content-Length: 5, 6", b"Content-Length: 0x10"),
        *(b"Content-Length: 1e3", b"Content-Length: " + b"9" * 30, b"Content-Length: " + b"9" * 5000),
        *(b"Content-Length: 999999999999", b"Content-Length: 5\r\nContent-Length: 6", b"Content-Length: "),
        *(b"Content-Length: \xb2", b"Content-Length: 10\r\nTransfer-Encoding: chunked"),
        *(b"Transfer-Encoding: gzip", b"Transfer-Encoding: chunked, chunked", b"Transfer-Encoding: identity"),
        *(b"Transfer-Encoding: \x0bchunked", b"transfer-encoding : chunked", b"Content-Length: 99999"),
        *(b"Expect: 100-continue\r\nContent-Length: 99999999", b"Expect: nonsense\r\nContent-Length: 3"),
    ):
        yield UPLOAD + HOST + CLOSE + kind + framing + b"\r\n\r\n" + body
    for chunks in (
        b"zz\r\n",
        b"-1\r\n",
        b"5\r\nab\r\n0\r\n\r\n",
        b"FFFFFFFFFFFFFFFFF\r\n",
        b"1;x=" + b"y" * 99999 + b"\r\n",
        b"\r\n",
    ):
        yield UPLOAD + HOST + CLOSE + kind + b"Transfer-Encoding: chunked\r\n\r\n" + chunks
    for size in (300_000, 1_000_000):
        yield UPLOAD + HOST + CLOSE + kind + b"Transfer-Encoding: chunked\r\n\r\n" + b"%x\r\n" % size + b"a" * size
    yield post(b"a" * 400_000)


def odd_forms() -> Iterator[bytes]:
    for odd in ODD_TEXTS:
        yield post(form(text(b"miner_id", odd), file()))
        yield post(form(text(odd.replace(b'"', b""), b"a"), file()))
        yield post(form(text(b"miner_id", b"a"), file(name=odd)))
        yield post(form(text(b"miner_id", b"b"), file(content=odd)))
        yield post(form(text(b"miner_id", b"a"), text(b"token", odd), file(content=agent())))
        yield post(form(text(b"miner_id", b"odd-token"), text(b"new_token", odd or b"x"), file(content=agent())))
    for charset in (
        b"idna",
        b"punycode",
        b"utf-16",
        b"utf-7",
        b"hex",
        b"rot13",
        b"undefined",
        b"no-such",
        b"\xff",
        b"unicode_escape",
    ):
        kind = b"multipart/form-data; boundary=x; charset=" + charset
        yield post(form(text(b"miner_id", b"xn--\xff\x80"), file()), kind)
        yield post(form(text(b"\xff\xfe\xd8", b"xn--\\ud800"), file(name=b"xn--a\x80.py")), kind)
    for boundary in (b"", b'""', b"y", b"x" * 300, b"\xff", b"x\x00", b"--x"):
        yield post(form(text(b"miner_id", b"a"), file()), b"multipart/form-data; boundary=" + boundary)
    bodies = (
        b"",
        b"--x",
        b"--x--",
        b"--x--\r\n",
        b"\r\n--x\r\n",
        b"--x\r\n\r\n\r\n--x--\r\n",
        b"--x\r\nA: b\r\n\r\nc\r\n--x--",
        b"x" * 1000,
    )
    yield from map(post, bodies)
    yield post(form(*(text(b"f%d" % n, b"") for n in range(1200))))
    yield post(form(text(b"miner_id", b"a" * 200_000), file()))
    yield post(form(*[file()] * 20))
    yield post(form(text(b"miner_id", b"a"), file(more=b"Content-Type: " + b"x/y;" * 1000 + b"\r\n")))
    yield post(form(text(b"miner_id", b"a"), file(more=b"Content-Transfer-Encoding: base64\r\n")))
    yield post(form(text(b"miner_id", b"a"), file(more=b"X: y\r\n" * 2000)))


def odd_kinds() -> Iterator[bytes]:
    for kind in (
        b"application/json",
        b"text/plain",
        b"",
        b"multipart/mixed; boundary=x",
        b"multipart/form-data",
        b"\xff",
        b"a" * 5000,
    ):
        for body in (
            b'{"code": NaN}',
            b'{"miner_id": "\\ud800"}',
            b"[" * 50_000,
            b"\xff\xfe[\x00]\x00",
            b"miner_id=%ud800",
        ):
            yield post(body, kind)
    for encoding in (b"gzip", b"deflate", b"br", b"zstd", b"identity, gzip", b"x" * 2000):
        yield post(form(text(b"miner_id", b"a"), file()), headers=b"Content-Encoding: " + encoding + b"\r\n")


def odd_headers() -> Iterator[bytes]:
    for host in (
        b"evil.example",
        b"",
        b"127.0.0.1.evil.example",
        b"localhost@evil",
        b"[::1",
        b"a b",
        b"127.0.0.1, evil",
        b"\xd0\xb0",
    ):
        yield get(b"/", b"Host: " + host + b"\r\n")
    yield get(b"/", b"")
    yield get(b"/", HOST + b"Host: evil.example\r\n")
    for origin in (
        b"http://evil.example",
        b"null",
        b"http://127.0.0.1.evil",
        b"127.0.0.1",
        b"",
        b"file://",
        b"http://127.0.0.1:1",
    ):
        yield get(b"/", HOST + b"Origin: " + origin + b"\r\n")
        yield post(form(text(b"miner_id", b"a"), file()), headers=b"Origin: " + origin + b"\r\n")
    for token in (
        b"Bearer",
        b"Bearer ",
        b"Bearer \xff",
        b"Basic YTpi",
        b"bearer " + b"x" * 8000,
        b"Bearer a b c",
        b"Digest x",
    ):
        body = form(text(b"miner_id", b"a"), file(content=agent()))
        yield post(body, headers=b"Authorization: " + token + b"\r\n")
    for odd in (
        b"Accept: text/html;q=\xff",
        b"Accept: */*;" + b"q" * 5000,
        b"X-Forwarded-For: \xff",
        b"Range: bytes=0-1",
        b"Upgrade: websocket\r\nConnection: upgrade",
        b"Cookie: " + b"c" * 9000,
        b"A: " + b"b" * 100_000,
    ):
        yield get(b"/", HOST + odd + b"\r\n")


def not_http() -> Iterator[bytes]:
    yield from (
        b"\x00" * 100 + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET\r\n\r\n",
        b"\r\n\r\n\r\n\r\nX\r\n\r\n",
    )
    yield from (
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\nHost: a\n\n",
        b"GET /\xff HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET  / HTTP/1.1\r\n\r\n",
    )
    yield from (
        b"GET / HTTP/1.0\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b": x\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"a\x00b: c\r\n\r\n",
    )
    yield from (
        b"GET / HTTP/1.1\r\n" + HOST + b" folded: x\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"A" * 100_000,
    )
    yield from (b"GET / HTTP/1.1\r\n" + HOST, b"POST", UPLOAD + HOST + b"Content-Length: 100\r\n\r\nshort")


_ALL = (odd_paths(), odd_methods(), odd_framing(), odd_forms(), odd_kinds(), odd_headers(), not_http())
CORPUS = list(dict.fromkeys(itertools.chain(*_ALL)))


def documented(description: dict, request: bytes) -> set[int]:
    """The statuses that the API's description allows for this request."""
    method, _, rest = request.partition(b" ")
    path = rest.partition(b" ")[0].partition(b"?")[0].decode("latin-1")
    for template, operations in description["paths"].items():
        if re.fullmatch(re.sub(r"\\{\w+\\}", "[^/]*", re.escape(template)), path):
            operation = operations.get(method.decode("latin-1").lower())
            return (
                set(map(int, operation["responses"])) if operation and method.isupper() else {405, *BEFORE_ANY_ROUTE}
            )
    return {404, 405, *BEFORE_ANY_ROUTE}


def test_there_are_enough_of_them():
    assert len(CORPUS) >= 500


def test_every_answer_is_documented(hub: RunningHub):
    description = hub.get("/openapi.json").json()
    with ThreadPoolExecutor(16) as clients:
        answers = list(clients.map(hub.raw, CORPUS))

    wrong = []
    for request, answer in zip(CORPUS, answers, strict=True):
        status = int(answer[9:12] or b"0")
        if status not in documented(description, request):
            wrong.append((request[:90], answer[:40]))
    assert wrong == []
    assert hub.get("/healthz").status_code == 200


def test_every_refusal_says_why(hub: RunningHub):
    with ThreadPoolExecutor(16) as clients:
        answers = list(clients.map(hub.raw, CORPUS))

    for request, answer in zip(CORPUS, answers, strict=True):
        head, _, body = answer.rpartition(b"\r\n\r\n")
        if head.startswith(b"HTTP/1.1 4") and not request.startswith(b"HEAD"):
            told = json.loads(body)
            assert {"reason", "sentence", "remedy"} <= set(told), request[:90]


def test_no_hostile_upload_was_stored_under_another_name(hub: RunningHub):
    names = {path.name for path in hub.agents.iterdir()}

    assert names <= {
        ".versions",
        ".tokens",
        ".journal",
        ".hub.lock",
        "a.py",
        "a.json",
        "odd-token.py",
        "odd-token.json",
    }
