"""The LLM proxy: HTTP/1.1 on the container's loopback, where an agent finds the LLM.

Standard library only, Python 3.8 or newer. Process 1 (`runner.py`) gets this text from the host together with the
agent, listens, and loads it when the first connection comes: an agent that asks nothing pays nothing.
There is one thread and no call that blocks: `waits` says what to select on, `serve` does what can be done now.
Connections, bytes and seconds are bounded, so whatever an agent does here it does to itself.

A question to the host is a frame Q and the reply to it a frame R, in as many parts as it takes. Each part is the
question's number (4 bytes, big-endian), one byte that is 1 on the last part, and bytes. Put together these are a line
of JSON, {"method", "path"} or {"status", "headers", "length"}, and the body.
"""

import json
import socket
import struct
import time
from collections import deque

PART = struct.Struct(">IB")
PART_BYTES = 1 << 18
CHUNK = 1 << 16
HEAD_BYTES = 16 << 10
HEADERS = 100
CONNECTIONS = 32
DISCARDED_BYTES = 64 << 20  # of a body that is too long and still gets an answer
HEAD_SECONDS = 10
BODY_SECONDS = 30
SEND_SECONDS = 60
IDLE_SECONDS = 60
LINGER_SECONDS = 2
REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 429: "Too Many Requests", 503: "Service Unavailable"}


class BadRequest(Exception):
    """A request that is no HTTP of the kind this proxy speaks."""

    def __init__(self, status, message):
        Exception.__init__(self, message)
        self.status = status


class Connection:
    """One connection of the agent's: what came, what is going out, and which question waits for its reply."""

    def __init__(self, sock):
        self.sock = sock
        self.came = bytearray()
        self.going = deque()
        self.leaving = False  # closed as soon as everything is sent
        self.lingering = False  # everything is sent, and what still comes is thrown away
        self.keep = False  # whether the agent may send another request after this one
        self.answered = False  # whether the beginning of a reply has been passed on
        self.next_request()

    def next_request(self):
        self.head = None  # (method, path) of the request whose body is coming
        self.body_bytes = 0
        self.discarding = 0
        self.number = None
        self.deadline = time.monotonic() + IDLE_SECONDS

    def fileno(self):
        return self.sock.fileno()

    @property
    def idle(self):
        return self.head is None and self.number is None and not self.came and not self.going

    @property
    def spare(self):
        """Whether it may make room for another."""
        return self.idle or self.lingering

    @property
    def readable(self):
        """Whether more bytes are wanted; while a reply is awaited only to notice that the agent has gone."""
        if self.number is not None or self.going:
            return len(self.came) < HEAD_BYTES and not self.going
        return True


class LLMProxy:
    """Serves the agent's connections; `ask(payload)` sends the host one part of a question."""

    def __init__(self, listener, ask, request_bytes):
        self.listener = socket.socket(fileno=listener)
        self.listener.setblocking(False)
        self.ask = ask
        self.request_bytes = request_bytes
        self.connections = []
        self.numbers = 0

    # -- what process 1 calls

    def waits(self):
        """Return what to wait for: sources to read, sources to write, and seconds (None: for ever)."""
        readers = [each for each in self.connections if each.readable]
        if len(self.connections) < CONNECTIONS or any(each.spare for each in self.connections):
            readers.append(self.listener)
        deadlines = [each.deadline for each in self.connections if each.deadline is not None]
        seconds = max(0, min(deadlines) - time.monotonic()) if deadlines else None
        return readers, [each for each in self.connections if each.going], seconds

    def serve(self, readers, writers):
        """Do what can be done now."""
        for connection in list(self.connections):
            try:
                if connection in writers:
                    self.write(connection)
                if connection in readers:
                    self.read(connection)
                if connection.deadline is not None and time.monotonic() >= connection.deadline:
                    self.late(connection)
            except OSError:
                self.close(connection)
        if self.listener in readers:
            self.greet()

    def reply(self, payload):
        """Pass on one part of a reply from the host; nobody may be waiting for it any more."""
        number, last = PART.unpack_from(payload)
        part = payload[PART.size :]
        for connection in self.connections:
            if connection.number == number:
                self.pass_on(connection, part, last)

    # -- connections

    def greet(self):
        if len(self.connections) >= CONNECTIONS:
            spare = [each for each in self.connections if each.spare]
            if not spare:
                return
            self.close(spare[0])
        try:
            sock = self.listener.accept()[0]
        except OSError:
            return
        sock.setblocking(False)
        self.connections.append(Connection(sock))
        self.serve([self.connections[-1]], [])  # as a rule the request has come along

    def close(self, connection):
        if connection in self.connections:
            self.connections.remove(connection)
            connection.sock.close()

    def late(self, connection):
        """A deadline has passed: say so to whoever is in the middle of a request, and hang up."""
        if connection.going or connection.lingering or not (connection.came or connection.head):
            self.close(connection)
        else:
            self.refuse(connection, 408, "the request did not come in time")

    # -- reading

    def read(self, connection):
        try:
            chunk = connection.sock.recv(CHUNK)
        except BlockingIOError:
            return
        if not chunk:
            self.close(connection)
        elif not connection.lingering:
            self.take(connection, chunk)

    def take(self, connection, chunk):
        if connection.discarding:
            thrown = min(connection.discarding, len(chunk))
            connection.discarding -= thrown
            chunk = chunk[thrown:]
            if not connection.discarding:
                self.refuse(connection, 413, "the body is longer than %d bytes" % self.request_bytes)
            return
        if connection.idle:
            connection.deadline = time.monotonic() + HEAD_SECONDS
        connection.came += chunk
        self.advance(connection)

    def advance(self, connection):
        """Go as far as the bytes that came allow."""
        try:
            if connection.number is not None or connection.leaving:
                return
            if connection.head is None:
                self.read_head(connection)
            if connection.head is not None and len(connection.came) >= connection.body_bytes:
                self.put_question(connection)
        except BadRequest as refused:
            self.refuse(connection, refused.status, str(refused))

    def read_head(self, connection):
        end = connection.came.find(b"\r\n\r\n", 0, HEAD_BYTES)
        if end < 0:
            if len(connection.came) >= HEAD_BYTES:
                raise BadRequest(431, "the headers are longer than %d bytes" % HEAD_BYTES)
            return
        lines = connection.came[:end].decode("latin-1").split("\r\n")
        del connection.came[: end + 4]
        method, path, version = request_line(lines[0])
        headers = headers_of(lines[1:])
        length = length_of(headers)
        connection.leaving = False
        connection.keep = version == "HTTP/1.1" and "close" not in headers.get("connection", "").lower()
        connection.keep = connection.keep and method in ("GET", "POST")
        connection.deadline = time.monotonic() + BODY_SECONDS
        if length > self.request_bytes:
            self.discard(connection, length)
            return
        connection.head = (method, path)
        connection.body_bytes = length
        if headers.get("expect", "").lower() == "100-continue" and len(connection.came) < length:
            connection.sock.send(b"HTTP/1.1 100 Continue\r\n\r\n")

    def discard(self, connection, length):
        """Let a body that is too long go by, so that its sender, who reads only afterwards, hears why."""
        if length > DISCARDED_BYTES:
            raise BadRequest(413, "the body is longer than %d bytes" % self.request_bytes)
        connection.discarding = length
        came, connection.came = bytes(connection.came), bytearray()
        if came:
            self.take(connection, came)

    def put_question(self, connection):
        method, path = connection.head
        body = bytes(connection.came[: connection.body_bytes])
        del connection.came[: connection.body_bytes]
        connection.number = self.numbers
        connection.deadline = None
        connection.answered = False
        self.numbers += 1
        whole = json.dumps({"method": method, "path": path}).encode("ascii") + b"\n" + body
        for start in range(0, len(whole), PART_BYTES):
            part = whole[start : start + PART_BYTES]
            self.ask(PART.pack(connection.number, start + PART_BYTES >= len(whole)) + part)

    # -- writing

    def refuse(self, connection, status, message):
        """Answer without asking the host, and hang up."""
        connection.leaving = True
        connection.number = None
        error = {"message": message, "type": "invalid_request_error", "param": None, "code": None}
        body = json.dumps({"error": error}).encode("ascii")
        headers = {"Content-Type": "application/json", "Connection": "close"}
        self.push(connection, http_head(status, headers, len(body)) + body)

    def pass_on(self, connection, part, last):
        if not connection.answered:
            line, _, part = part.partition(b"\n")
            told = json.loads(line)
            headers = dict(told["headers"], Connection="keep-alive" if connection.keep else "close")
            part = http_head(told["status"], headers, told["length"]) + part
            connection.answered = True
        if last:
            connection.leaving = not connection.keep
            connection.next_request()
        self.push(connection, part)

    def push(self, connection, data):
        connection.going.append(memoryview(data))
        connection.deadline = time.monotonic() + SEND_SECONDS
        try:
            self.write(connection)
        except OSError:
            self.close(connection)

    def write(self, connection):
        while connection.going:
            try:
                sent = connection.sock.send(connection.going[0])
            except BlockingIOError:
                return
            connection.going[0] = connection.going[0][sent:]
            if not connection.going[0]:
                connection.going.popleft()
        if connection.number is not None:
            connection.deadline = None
        elif connection.leaving:
            self.linger(connection)
        else:
            connection.deadline = time.monotonic() + IDLE_SECONDS
            self.advance(connection)

    def linger(self, connection):
        """Hang up so that the agent can still read: a reset would take the answer out of its hands."""
        connection.lingering = True
        connection.deadline = time.monotonic() + LINGER_SECONDS
        connection.came.clear()
        connection.sock.shutdown(socket.SHUT_WR)


def request_line(line):
    words = line.split(" ")
    if len(words) != 3 or words[2] not in ("HTTP/1.0", "HTTP/1.1"):
        raise BadRequest(400, "the first line is none of HTTP/1.1")
    return words


def headers_of(lines):
    if len(lines) > HEADERS:
        raise BadRequest(431, "more than %d headers" % HEADERS)
    headers = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or name != name.strip():
            raise BadRequest(400, "a header has no name")
        name, value = name.lower(), value.strip(" \t")
        if name == "content-length" and headers.get(name, value) != value:
            raise BadRequest(400, "two lengths for one body")
        headers[name] = value
    return headers


def length_of(headers):
    if "transfer-encoding" in headers:
        raise BadRequest(411, "send a Content-Length: this proxy takes no Transfer-Encoding")
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit() and len(length) < 16):
        raise BadRequest(400, "the Content-Length is no number")
    return int(length)


def http_head(status, headers, length):
    lines = ["HTTP/1.1 %d %s" % (status, REASONS.get(status, ""))]
    lines += ["%s: %s" % pair for pair in headers.items()]
    lines.append("Content-Length: %d" % length)
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
