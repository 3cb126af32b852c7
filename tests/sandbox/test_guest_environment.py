"""An agent finds what `python:3.11-slim` gives, on every engine: forty things that ended honest agents elsewhere."""

import json
from typing import Any

import pytest
from sandbox.sessions import answer_of, solution_of

from bitsec_eval.core.tasks.task import Limits
from bitsec_eval.sandbox.api import Sandbox
from bitsec_eval.sandbox.hardening.policy import UIDS
from bitsec_eval.sandbox.image import pack

QUESTIONS = r"""
import asyncio, concurrent.futures, contextlib, ctypes, datetime, getpass, grp, hashlib, http.server, json, locale
import lzma, bz2, mmap, multiprocessing, os, pathlib, pwd, queue, random, re, shutil, signal, socket, sqlite3
import ssl, subprocess, sys, tempfile, threading, time, urllib.request, uuid, zipfile, zlib, zoneinfo
from multiprocessing import shared_memory

def square(n):
    return n * n

def pool(method):
    with multiprocessing.get_context(method).Pool(2) as workers:
        return workers.map(square, [1, 2, 3])

def shared():
    memory = shared_memory.SharedMemory(create=True, size=4096)
    try:
        memory.buf[:3] = b"abc"
        again = shared_memory.SharedMemory(memory.name)
        found = bytes(again.buf[:3]).decode()
        again.close()
        return found
    finally:
        memory.close()
        memory.unlink()

def threads(stack):
    threading.stack_size(stack)
    try:
        found = []
        made = [threading.Thread(target=found.append, args=(n,)) for n in range(4)]
        [thread.start() for thread in made]
        [thread.join() for thread in made]
        return sorted(found)
    finally:
        threading.stack_size(0)

def deep():
    found = []
    def down(n):
        return 0 if n == 0 else 1 + down(n - 1)
    def run():
        found.append(down(20_000))
    sys.setrecursionlimit(50_000)
    threading.stack_size(32 << 20)
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    threading.stack_size(0)
    return found

def sql(path):
    with contextlib.closing(sqlite3.connect(path)) as base:
        base.execute("create table if not exists t (n integer, s text)")
        base.executemany("insert into t values (?, ?)", [(n, str(n)) for n in range(10)])
        base.commit()
        return base.execute("select sum(n), max(s) from t").fetchone()

class Hello(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello")
    def log_message(self, *_):
        pass

def served(name):
    with http.server.HTTPServer((name, 0), Hello) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        with urllib.request.urlopen(f"http://{name}:{server.server_port}/", timeout=10) as reply:
            return reply.read().decode()

async def echoed():
    async def serve(reader, writer):
        writer.write(await reader.readline())
        writer.close()
    server = await asyncio.start_server(serve, "localhost", 0)
    port = server.sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("localhost", port)
    writer.write(b"line\n")
    line = await reader.readline()
    writer.close()
    server.close()
    return line.decode()

async def child():
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", "print(6 * 7)", stdout=-1)
    return (await process.communicate())[0].decode().strip()

def in_child(source):
    return subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True).stdout.strip()

def temporary():
    with tempfile.TemporaryDirectory() as folder, tempfile.NamedTemporaryFile() as file:
        path = pathlib.Path(folder, "\u00fcmlaut")
        path.write_text("\u00e4\u4e16")
        return [os.listdir(folder), path.read_text(), file.name.startswith("/tmp/")]

def mapped():
    with tempfile.TemporaryFile() as file:
        file.write(bytes(1 << 20))
        file.flush()
        with mmap.mmap(file.fileno(), 0) as pages:
            pages[5] = 65
            return pages.find(b"A")

def alarm():
    seen = []
    signal.signal(signal.SIGALRM, lambda *_: seen.append(1))
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    time.sleep(0.2)
    return seen

def zipped():
    with tempfile.TemporaryFile() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a", b"x" * 1000)
        with zipfile.ZipFile(file) as archive:
            return len(archive.read("a"))

def executor():
    with concurrent.futures.ProcessPoolExecutor(2) as workers:
        return list(workers.map(square, [4, 5]))

def called_back():
    kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))
    numbers = (ctypes.c_int * 3)(3, 1, 2)
    ctypes.CDLL(None).qsort(numbers, 3, 4, kind(lambda a, b: a[0] - b[0]))
    return list(numbers)

ASKED = {
    "locale": lambda: [locale.setlocale(locale.LC_ALL, ""), locale.getpreferredencoding()],
    "encodings": lambda: [sys.stdout.encoding, sys.getfilesystemencoding(), sys.getdefaultencoding()],
    "locale of a child": lambda: in_child("import locale; print(locale.setlocale(locale.LC_ALL, ''))"),
    "localhost": lambda: socket.gethostbyname("localhost"),
    "localhost, all": lambda: sorted({each[4][0] for each in socket.getaddrinfo("localhost", 80, socket.AF_INET)}),
    "localhost of a child": lambda: in_child("import socket; print(socket.gethostbyname('localhost'))"),
    "own name": lambda: [socket.gethostname(), socket.gethostbyname(socket.gethostname())],
    "user": getpass.getuser,
    "user's entry": lambda: [*pwd.getpwuid(os.getuid())[0:6:5], grp.getgrgid(os.getgid())[0]],
    "home": lambda: [os.path.expanduser("~"), str(pathlib.Path.home())],
    "time zone": lambda: [time.tzname[0], time.timezone, datetime.datetime.now().astimezone().utcoffset().seconds],
    "zones": lambda: str(datetime.datetime(2026, 7, 1, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin")).utcoffset()),
    "hashes": lambda: [hash("bitsec"), in_child("print(hash('bitsec'))") == str(hash("bitsec"))],
    "order of sets": lambda: list({"a", "b", "c", "d", "e"}),
    "pool, fork": lambda: pool("fork"),
    "pool, spawn": lambda: pool("spawn"),
    "pool, forkserver": lambda: pool("forkserver"),
    "executor": executor,
    "shared memory": shared,
    "queue": lambda: (lambda q: (q.put(1), q.get(timeout=5))[1])(multiprocessing.Queue()),
    "manager's lock": lambda: multiprocessing.Lock().acquire(),
    "threads": lambda: threads(0),
    "big stacks": lambda: threads(64 << 20),
    "deep recursion": deep,
    "sqlite in a file": lambda: sql("/tmp/base.db"),
    "sqlite in memory": lambda: sql(":memory:"),
    "server": lambda: served("127.0.0.1"),
    "server at localhost": lambda: served("localhost"),
    "asyncio": lambda: asyncio.run(echoed()),
    "asyncio's children": lambda: asyncio.run(child()),
    "temporary files": temporary,
    "mapped files": mapped,
    "ssl": lambda: [ssl.create_default_context().check_hostname, ssl.OPENSSL_VERSION.split()[0]],
    "hashlib": lambda: [hashlib.new(name, b"x").hexdigest()[:4] for name in ("sha256", "sha3_256", "blake2b", "md5")],
    "compression": lambda: [len(m.decompress(m.compress(b"x" * 99))) for m in (zlib, bz2, lzma)],
    "zip": zipped,
    "ctypes": called_back,
    "shell": lambda: [os.system("exit 3") >> 8, subprocess.getoutput("echo $((2 + 3))")],
    "signals": alarm,
    "random": lambda: [random.Random(1).randrange(1000), len(os.urandom(8)), uuid.uuid4().version],
    "processors": lambda: (os.cpu_count() or 0) >= 1 and len(os.sched_getaffinity(0)) >= 1,
    "memory": lambda: os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") > 1 << 28,
    "load": lambda: len(os.getloadavg()),
    "disk": lambda: shutil.disk_usage("/tmp").total,
    "exit": lambda: callable(exit) and callable(quit),
}

def outcome(step):
    try:
        return step()
    except BaseException as error:
        return f"{type(error).__name__}: {error}"

if __name__ == "__main__":
    print(json.dumps({name: outcome(step) for name, step in ASKED.items()}))
"""

EXPECTED: dict[str, Any] = {
    "locale": ["C.UTF-8", "utf-8"],
    "encodings": ["utf-8", "utf-8", "utf-8"],
    "locale of a child": "C.UTF-8",
    "localhost": "127.0.0.1",
    "localhost, all": ["127.0.0.1"],
    "localhost of a child": "127.0.0.1",
    "own name": ["sandbox", "127.0.0.1"],
    "user": "agent",
    "user's entry": ["agent", "/tmp", "agent"],
    "home": ["/tmp", "/tmp"],
    "time zone": ["UTC", 0, 0],
    "zones": "2:00:00",
    "pool, fork": [1, 4, 9],
    "pool, spawn": [1, 4, 9],
    "pool, forkserver": [1, 4, 9],
    "executor": [16, 25],
    "shared memory": "abc",
    "queue": 1,
    "manager's lock": True,
    "threads": [0, 1, 2, 3],
    "big stacks": [0, 1, 2, 3],
    "deep recursion": [20_000],
    "sqlite in a file": [45, "9"],
    "sqlite in memory": [45, "9"],
    "server": "hello",
    "server at localhost": "hello",
    "asyncio": "line\n",
    "asyncio's children": "42",
    "temporary files": [["\u00fcmlaut"], "\u00e4\u4e16", True],
    "mapped files": 5,
    "ssl": [True, "OpenSSL"],
    "hashlib": ["2d71", "741e", "0909", "9dd4"],
    "compression": [99, 99, 99],
    "zip": 1000,
    "ctypes": [1, 2, 3],
    "shell": [3, "5"],
    "signals": [1],
    "random": [137, 8, 4],
    "processors": True,
    "memory": True,
    "load": 3,
    "disk": 64 << 20,
    "exit": True,
}


@pytest.fixture(scope="module")
def first() -> dict[str, Any]:
    """What the first engine said, for the other to be compared with."""
    return {}


def test_forty_things_are_as_an_agent_expects_and_engines_agree(sandbox: Sandbox, first: dict[str, Any]):
    answer = answer_of(sandbox, QUESTIONS, limits=Limits(wall_seconds=90, memory_mib=768))
    found: dict[str, Any] = json.loads(answer.text)

    assert len(found) >= 40
    assert {name: found[name] for name in EXPECTED} == EXPECTED
    assert found["hashes"][1] is True
    assert found == first.setdefault("found", found)


def test_a_solution_finds_the_same(sandbox: Sandbox):
    source = "import socket\ndef f():\n    return socket.gethostbyname('localhost'), hash('bitsec')\n"

    found = []
    for _ in range(2):
        with solution_of(sandbox, source) as solution:
            found.append(solution.f())

    assert found[0] == found[1]
    assert found[0][0] == "127.0.0.1"


def test_every_user_that_is_lent_has_a_name():
    assert UIDS == pack.GUESTS
