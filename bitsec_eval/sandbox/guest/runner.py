"""The one file that runs inside a container: process 1, between the host's frames and the untrusted code.

What is imported here is paid by every container: `json`, `re`, `signal` and `types` would double what Python needs to
start, so `json` is imported where a solution is called, and what process 1 says is written without it.

Standard library only, Python 3.8 or newer, no import of anything else of this project: the host sends its text, and
before it what finds the source in an answer (`guest_program.PARTS`).
Nothing here is trusted by the host. It exists so that an agent finds what it was promised (a file, a working
directory, pipes) and a solution can be called; a guest that lies with it can only lie about itself.

A frame is a 4-byte big-endian payload length, one byte of kind, and the payload.

| host to guest                                | guest to host                                         |
|----------------------------------------------|-------------------------------------------------------|
| P put a file: path, NUL, content             | H hello: what this process observes about its guards  |
| A run the agent, marshalled: {"argv", "env", | B begun: everything is in place, the clock may start  |
|   "proxy": None or {"port", "bytes",          |                                                       |
|   "program"}}                                 |                                                       |
| L load: the answer's bytes                   | O, E output of the agent: stdout, stderr bytes        |
| M module: source of the host's own, run once |                                                       |
|   here; each new check's process has it then |                                                       |
| R reply: a part of one to a question         | Q question: a part of one to the LLM (`llm_proxy.py`) |
| N new check: a fresh process for the answer  | X the agent ended: {"status": n} or {"signal": n}     |
| C call: {"id", "op", ...}                    | V reply: {"id", "value" / "raised" / "fault" ...}     |
|                                              | D the solution's process ended: {"status" / "signal"} |
"""

import _ctypes
import _signal as signal
import _socket
import builtins
import marshal
import os
import select
import struct
import sys
from time import monotonic

HEADER = struct.Struct(">IB")
FRAME_BYTES = 8 << 20  # from the host, which is not our enemy
REPLY_BYTES = 1 << 20
DEPTH = 60
CHUNK = 1 << 16
GATHER_SECONDS = 0.01  # what a guest writes in small pieces leaves in one frame after so long
WORKSPACE = "/workspace"
LEFT_OVERS = ("/tmp", "/dev/shm", "/dev/mqueue", WORKSPACE)  # where a solution could leave itself a note
PR_GET_DUMPABLE, PR_SET_DUMPABLE = 3, 4
LIBRARIES = "/opt/libraries"
AGENT_FILE = "/tmp/agent/agent.py"
Module = type(sys)


# -- frames ---------------------------------------------------------------------------------------------------


def write_all(fd, data):
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def send(fd, kind, payload):
    write_all(fd, HEADER.pack(len(payload), ord(kind)) + payload)


def say(kind, facts):
    """Send the host an object of numbers, truths, plain strings and lists of them, as JSON."""
    members = ",".join('"%s":%s' % (name, plain_json(fact)) for name, fact in facts.items())
    send(1, kind, ("{%s}" % members).encode("ascii"))


def plain_json(fact):
    if isinstance(fact, bool):
        return "true" if fact else "false"
    if isinstance(fact, int):
        return str(fact)
    if isinstance(fact, list):
        return "[%s]" % ",".join(map(plain_json, fact))
    return '"%s"' % "".join(char if " " <= char <= "~" and char not in '"\\' else "?" for char in fact)


class Frames:
    """Frames read from a descriptor as bytes arrive; `closed` once it has ended."""

    def __init__(self, fd, most=FRAME_BYTES):
        self.fd = fd
        self.most = most
        self.closed = False
        self.buffer = bytearray()

    def fill(self):
        chunk = os.read(self.fd, CHUNK)
        self.closed = not chunk
        self.buffer += chunk

    def pop(self):
        """Return the next whole (kind, payload), or None where more bytes are needed."""
        if len(self.buffer) < HEADER.size:
            return None
        length, kind = HEADER.unpack_from(self.buffer)
        if length > self.most:
            raise ValueError("a frame of %d bytes" % length)
        end = HEADER.size + length
        if len(self.buffer) < end:
            return None
        payload = bytes(self.buffer[HEADER.size : end])
        del self.buffer[:end]
        return chr(kind), payload


# -- process 1 ------------------------------------------------------------------------------------------------


class Ended(Exception):
    """Nothing is left to do: the agent has ended, or the host that wanted this sandbox has hung up."""


class Supervisor:
    """Process 1: reads the host's frames, starts untrusted processes, reaps every process that dies."""

    def __init__(self):
        self.host = Frames(0)
        self.answer = b""
        self.module = None  # the host's own program, in place of an answer
        self.worker = None  # (pid, Frames of its replies, descriptor of its calls)
        self.wake, wake_write = os.pipe()
        for fd in (self.wake, wake_write):
            os.set_blocking(fd, False)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one signal that could end process 1 from inside
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)

    def serve(self):
        """Obey frames until the host hangs up; return what to become in a forked child, or None."""
        say("H", observed())
        while True:
            frame = self.host.pop()
            if frame is None:
                self.wait()
                continue
            become = self.obey(*frame)
            if become is not None:
                return become

    def obey(self, kind, payload):
        if kind == "P":
            put(payload)
        elif kind == "A":
            return self.run_agent(marshal.loads(payload))
        elif kind == "L":
            self.answer = payload
            import json  # noqa: F401 - once, and not in the process of each check
        elif kind == "M":
            self.module = module_of(payload.decode())
        elif kind == "N":
            return self.new_check()
        elif kind == "C" and self.worker:
            send(self.worker[2], "C", payload)
        return None

    def wait(self):
        """Wait for the host, the worker's replies or a dead child, and pass on what came."""
        sources = [0, self.wake]
        if self.worker and not self.worker[1].closed:
            sources.append(self.worker[1].fd)
        ready = select.select(sources, [], [])[0]
        if self.worker:
            self.relay()
        if self.wake in ready:
            drain(self.wake)
            self.reap()
        if 0 in ready:
            self.host.fill()
            if self.host.closed:
                raise Ended

    def reap(self):
        for pid, status in dead_children():
            if self.worker and pid == self.worker[0]:
                self.forget_worker()
                say("D", ending(status))

    def relay(self):
        """Pass whole replies of the worker to the host; its half-written ones die with it."""
        replies = self.worker[1]
        while not replies.closed and select.select([replies.fd], [], [], 0)[0]:
            replies.fill()
            frame = replies.pop()
            while frame:
                send(1, "V", frame[1])
                frame = replies.pop()
            if replies.closed:  # nothing more can come of it
                os.kill(self.worker[0], signal.SIGKILL)

    def forget_worker(self):
        os.close(self.worker[1].fd)
        os.close(self.worker[2])
        self.worker = None

    # -- an agent

    def run_agent(self, order):
        protect(WORKSPACE)
        proxy = ProxyListener(order["proxy"]) if order.get("proxy") else None
        if proxy:
            import json  # noqa: F401 - the proxy needs it and agents who ask do: once, before they part
        send(1, "B", b"")
        out, out_write = os.pipe()
        err, err_write = os.pipe()
        pid = os.fork()
        if pid == 0:
            if proxy:
                proxy.listener.close()
            become_guest(out_write, err_write, WORKSPACE)
            return lambda: run_as_main(order)
        os.close(out_write)
        os.close(err_write)
        status = self.forward(pid, {out: Outlet(out, "O"), err: Outlet(err, "E")}, proxy)
        say("X", ending(status))
        raise Ended

    def forward(self, pid, pipes, proxy):
        """Send the agent's output and questions on until the agent has ended; return its wait status."""
        status = None
        while status is None:
            readers, writers, seconds = proxy.waits() if proxy else ([], [], None)
            now = monotonic()
            for outlet in pipes.values():
                seconds = outlet.patience(now, seconds)
            ready, writable, _ = select.select([0, self.wake] + list(pipes) + readers, writers, [], seconds)
            now = monotonic()
            for outlet in list(pipes.values()):
                if outlet.fd in ready and not outlet.take():
                    del pipes[outlet.fd]
                outlet.send_if_due(now)
            if self.wake in ready:
                drain(self.wake)
                status = dict(dead_children()).get(pid)
            if 0 in ready:
                self.host.fill()
                if self.host.closed:
                    raise Ended
                for kind, payload in iter(self.host.pop, None):
                    if kind == "R" and proxy:
                        proxy.reply(payload)
            if proxy:
                proxy.serve(ready, writable)
        for outlet in pipes.values():
            outlet.drain()
        return status

    # -- a solution

    def new_check(self):
        """Leave nothing of the last check, then load the answer in a fresh process."""
        if self.worker:
            self.forget_worker()
        kill_everything()
        for folder in filter(os.path.isdir, LEFT_OVERS):
            wipe(folder)
        calls_read, calls_write = os.pipe()
        replies_read, replies_write = os.pipe()
        send(1, "B", b"")
        pid = os.fork()
        if pid == 0:
            os.close(calls_write)
            os.close(replies_read)
            return lambda: Worker(self.answer, calls_read, replies_write, self.module).serve()
        os.close(calls_read)
        os.close(replies_write)
        self.worker = (pid, Frames(replies_read, REPLY_BYTES), calls_write)
        return None


def observed():
    """Return what this process can see of its own guards, before any untrusted code has run."""
    with open("/proc/self/status") as status:
        lines = dict(line.rstrip("\n").split(":\t", 1) for line in status if ":\t" in line)
    with open("/proc/net/dev") as devices:
        interfaces = [line.split(":")[0].strip() for line in devices if ":" in line]
    return {
        "python": list(sys.version_info[:3]),
        "uid": os.getuid(),
        "pid": os.getpid(),
        "interfaces": interfaces,
        "capabilities": lines.get("CapEff", ""),
        "bounding": lines.get("CapBnd", ""),
        "no_new_privileges": lines.get("NoNewPrivs", ""),
        "seccomp": lines.get("Seccomp", ""),
        "read_only_root": bool(os.statvfs("/").f_flag & 1),
        "private": prctl(PR_GET_DUMPABLE, 0) == 0,
    }


def prctl(option, value):
    # The whole of ctypes takes longer to import than this container has taken to start.
    address = _ctypes.dlsym(_ctypes.dlopen(None, 0), "prctl")
    return _ctypes.call_cdeclfunction(address, (option, value, 0, 0, 0))


def put(payload):
    """Write one file that the host sent; what was put cannot be changed by accident."""
    name, _, content = payload.partition(b"\0")
    path = name.decode()
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "xb") as file:
        file.write(content)
    os.chmod(path, 0o444)


def protect(folder):
    for parent, _, _ in os.walk(folder, topdown=False):
        os.chmod(parent, 0o555)


def dead_children():
    found = []
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return found
        if pid == 0:
            return found
        found.append((pid, status))


def ending(status):
    if os.WIFSIGNALED(status):
        return {"signal": os.WTERMSIG(status)}
    return {"status": os.WEXITSTATUS(status)}


def drain(fd):
    try:
        while os.read(fd, CHUNK):
            pass
    except BlockingIOError:
        pass


class Outlet:
    """One of the agent's pipes: its first bytes leave at once, and small ones that soon follow leave together."""

    def __init__(self, fd, kind):
        self.fd = fd
        self.kind = kind
        self.gathered = bytearray()
        self.due = 0.0

    def take(self):
        """Read once; False at the end of the pipe, by which everything has left."""
        chunk = os.read(self.fd, CHUNK)
        self.gathered += chunk
        if not chunk:
            self.send()
        return bool(chunk)

    def patience(self, now, seconds):
        """Return how long may be waited, which is `seconds` (None: for ever) where nothing waits here."""
        if not self.gathered:
            return seconds
        left = max(0.0, self.due - now)
        return left if seconds is None else min(left, seconds)

    def send_if_due(self, now):
        if self.gathered and (now >= self.due or len(self.gathered) >= CHUNK):
            self.send()
            self.due = now + GATHER_SECONDS

    def send(self):
        if self.gathered:
            send(1, self.kind, self.gathered)
            self.gathered = bytearray()

    def drain(self):
        """Send what is already in the pipe; whoever still holds its other end is not waited for."""
        for _ in range(64):
            if not select.select([self.fd], [], [], 0)[0] or not self.take():
                break
            if len(self.gathered) >= CHUNK:
                self.send()
        self.send()


def kill_everything():
    """Kill and reap every process of this container but this one."""
    try:
        os.kill(-1, signal.SIGKILL)
    except ProcessLookupError:
        pass
    while True:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def wipe(folder):
    """Empty a folder without recursion, however deep a guest made it."""
    pending = [folder]
    emptied = []
    while pending:
        current = pending.pop()
        emptied.append(current)
        os.chmod(current, 0o700) if current != folder else None
        for entry in os.scandir(current):
            if entry.is_dir(follow_symlinks=False):
                pending.append(entry.path)
            else:
                os.unlink(entry.path)
    for current in reversed(emptied[1:]):
        os.rmdir(current)


# -- the way to the LLM -----------------------------------------------------------------------------------------


def code_of(program, name):
    """Return the code of a program: as the host compiled it where its Python is this one, else from the text."""
    from _frozen_importlib_external import MAGIC_NUMBER

    magic, code, text = program
    return marshal.loads(code) if magic == MAGIC_NUMBER else compile(text, name, "exec")


class ProxyListener:
    """Listens where the agent finds the LLM; the proxy itself is loaded when the first connection comes."""

    def __init__(self, order):
        self.order = order
        self.proxy = None
        self.broken = False
        self.listener = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
        self.listener.bind(("127.0.0.1", order["port"]))
        self.listener.listen(64)

    def waits(self):
        if self.broken:
            return [], [], None
        return self.proxy.waits() if self.proxy else ([self.listener], [], None)

    def serve(self, readers, writers):
        if self.proxy:
            self.guarded(lambda: self.proxy.serve(readers, writers))
        elif self.listener in readers:
            self.guarded(self.open)

    def reply(self, payload):
        if self.proxy:
            self.guarded(lambda: self.proxy.reply(payload))

    def guarded(self, step):
        """Whatever an agent has done to its proxy, its output still goes out."""
        try:
            step()
        except Exception:
            self.broken = True

    def open(self):
        module = Module("llm_proxy")
        exec(code_of(self.order["program"], "llm_proxy.py"), module.__dict__)
        self.proxy = module.LLMProxy(self.listener.detach(), lambda part: send(1, "Q", part), self.order["bytes"])


# -- the process that becomes the agent -------------------------------------------------------------------------


def become_guest(out, err, folder):
    """Leave nothing of process 1 in this forked child but its interpreter."""
    prctl(PR_SET_DUMPABLE, 1)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.setsid()
    null = os.open("/dev/null", os.O_RDWR)
    for source, target in ((null, 0), (out, 1), (err, 2)):
        os.dup2(source, target)
    os.closerange(3, 256)
    os.chdir(folder if os.path.isdir(folder) else "/tmp")


def know_libraries():
    """Have what an image carries beside the standard library found, behind that; children find it by their `site`."""
    if os.path.isdir(LIBRARIES):
        sys.path.append(LIBRARIES)


def know_localhost():
    """What `site` would do: an image of ours makes localhost known in there."""
    try:
        __import__("sitecustomize")
    except ImportError:
        pass


def run_as_main(order):
    """Run the agent's file the way `python agent.py ARGUMENTS` would."""
    know_localhost()
    know_libraries()
    os.environ.clear()
    os.environ.update(order["env"])
    sys.argv = [AGENT_FILE] + order["argv"]
    main = Module("__main__")
    main.__file__ = AGENT_FILE
    main.__builtins__ = builtins
    sys.modules["__main__"] = main
    try:
        with open(AGENT_FILE, "rb") as file:
            code = compile(file.read(), AGENT_FILE, "exec")
        exec(code, main.__dict__)
    except SystemExit:
        raise
    except BaseException:
        kind, error, trace = sys.exc_info()
        sys.excepthook(kind, error.with_traceback(trace.tb_next), trace.tb_next)
        sys.exit(1)


def add_site_builtins():
    """`-S` leaves these out, and agents call exit()."""
    import _sitebuiltins

    builtins.quit = _sitebuiltins.Quitter("quit", "Ctrl-D (i.e. EOF)")
    builtins.exit = _sitebuiltins.Quitter("exit", "Ctrl-D (i.e. EOF)")
    builtins.help = _sitebuiltins._Helper()


# -- the process that answers calls -----------------------------------------------------------------------------


class Fault(Exception):
    """Something about the answer or a value that makes the call impossible; the text goes to the host."""


class Missing(Fault):
    """The solution has no such name."""


def source_of(answer):
    """Return the Python source in an answer: all of it if it parses, else a block of it, see `printed_code.py`."""
    try:
        text = answer.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Fault("the answer is not UTF-8: %s" % error)
    # `python_in` stands before this file in the program the host sends: see `guest_program.py`.
    source = python_in(text)  # noqa: F821
    if source is None:
        raise Fault("the answer is neither Python source nor holds a fenced python block")
    return source


class Worker:
    """Loads the answer as a module and answers calls on it, in a process of its own."""

    def __init__(self, answer, calls, replies, module=None):
        self.frames = Frames(calls)
        self.replies = replies
        self.objects = []
        self.answer = answer
        self.module = module
        prctl(PR_SET_DUMPABLE, 1)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.setsid()
        null = os.open("/dev/null", os.O_RDWR)
        for target in (0, 1, 2):
            os.dup2(null, target)
        os.chdir("/tmp")

    def serve(self):
        import json

        while True:
            frame = self.frames.pop()
            if frame is None:
                self.frames.fill()
                if self.frames.closed:
                    return
                continue
            order = json.loads(frame[1])
            reply = self.reply(order)
            reply["id"] = order["id"]
            self.send(reply)

    def send(self, reply):
        import json

        payload = json.dumps(reply, separators=(",", ":")).encode("ascii")
        if len(payload) > REPLY_BYTES:
            fault = {"id": reply["id"], "fault": "the value is larger than %d bytes" % REPLY_BYTES}
            payload = json.dumps(fault).encode("ascii")
        send(self.replies, "V", payload)

    def reply(self, order):
        try:
            return OPERATIONS[order["op"]](self, order)
        except Missing as missing:
            return {"missing": str(missing)}
        except Fault as fault:
            return {"fault": str(fault)}
        except Exception as error:
            return {"raised": [type(error).__name__[:200], message_of(error)]}

    def load(self, order):
        if self.module is None:
            know_localhost()
            know_libraries()
            source = source_of(self.answer)
            try:
                self.module = module_of(source)
            except Exception as error:
                raise Fault("loading the answer raised %s: %s" % (type(error).__name__[:200], message_of(error)))
        self.objects.append(self.module)
        return {"value": ["n"]}

    def get(self, order):
        value = self.attribute(order)
        if callable(value):
            return {"callable": type(value).__name__[:200]}
        return {"value": self.encode(value)}

    def call(self, order):
        target = self.attribute(order) if "name" in order else self.objects[order["on"]]
        arguments = [self.decode(form) for form in order["args"]]
        named = {name: self.decode(form) for name, form in order["kwargs"].items()}
        return {"value": self.encode(target(*arguments, **named))}

    def special(self, order):
        """One of a few things that Python spells without a name: len(x), x[i], i in x, iter(x), next(x)."""
        arguments = [self.decode(form) for form in order["args"]]
        try:
            result = SPECIAL[order["name"]](self.objects[order["on"]], *arguments)
        except StopIteration:
            return {"stop": True}
        return {"value": self.encode(result)}

    def attribute(self, order):
        owner = self.objects[order["on"]]
        try:
            return getattr(owner, order["name"])
        except AttributeError:
            if hasattr(type(owner), order["name"]):  # a property of the solution's that failed by itself
                raise
            raise Missing(order["name"])

    # -- values; the host's side of this is core/answers/values.py

    def encode(self, value, depth=0):
        if depth > DEPTH:
            raise Fault("the value nests deeper than %d levels" % DEPTH)
        writer = WRITERS.get(type(value))
        if writer is None:
            self.objects.append(value)
            return ["h", len(self.objects) - 1, type(value).__name__[:200]]
        return writer(value, lambda inner: self.encode(inner, depth + 1))

    def decode(self, form):
        tag = form[0]
        if tag == "h":
            return self.objects[form[1]]
        return READERS[tag](form[1] if len(form) > 1 else None, self.decode)


def module_of(source):
    module = Module("solution")
    sys.modules["solution"] = module
    exec(compile(source, "solution.py", "exec"), module.__dict__)
    return module


def message_of(error):
    try:
        return str(error)[:4096]
    except BaseException:
        return "(its message cannot be shown)"


def encode_int(value):
    if value.bit_length() > 1 << 20:
        raise Fault("the value holds an int of %d bits" % value.bit_length())
    return ["i", hex(value)]


OPERATIONS = {"load": Worker.load, "get": Worker.get, "call": Worker.call, "special": Worker.special}
SPECIAL = {
    "len": len,
    "item": lambda owner, key: owner[key],
    "contains": lambda owner, key: key in owner,
    "iter": iter,
    "next": next,
}
WRITERS = {
    type(None): lambda value, inner: ["n"],
    bool: lambda value, inner: ["b", value],
    int: lambda value, inner: encode_int(value),
    float: lambda value, inner: ["f", value.hex()],
    str: lambda value, inner: ["s", value],
    bytes: lambda value, inner: ["y", value.hex()],
    list: lambda value, inner: ["l", [inner(item) for item in value]],
    tuple: lambda value, inner: ["t", [inner(item) for item in value]],
    set: lambda value, inner: ["S", [inner(item) for item in value]],
    frozenset: lambda value, inner: ["F", [inner(item) for item in value]],
    dict: lambda value, inner: ["d", [[inner(key), inner(item)] for key, item in value.items()]],
}
READERS = {
    "n": lambda body, decode: None,
    "b": lambda body, decode: body,
    "i": lambda body, decode: int(body, 16),
    "f": lambda body, decode: float.fromhex(body),
    "s": lambda body, decode: body,
    "y": lambda body, decode: bytes.fromhex(body),
    "l": lambda body, decode: [decode(item) for item in body],
    "t": lambda body, decode: tuple(decode(item) for item in body),
    "S": lambda body, decode: {decode(item) for item in body},
    "F": lambda body, decode: frozenset(decode(item) for item in body),
    "d": lambda body, decode: {decode(key): decode(item) for key, item in body},
}


def main():
    prctl(PR_SET_DUMPABLE, 0)  # no process of the agent's can open our memory or our descriptors
    add_site_builtins()
    try:
        become = Supervisor().serve()
    except (Ended, BrokenPipeError):
        os._exit(0)
    except Exception:  # an end like any other: without a word it would look as if somebody outside had killed us
        say("X", {"status": 255})
        raise
    become()


if __name__ == "__main__":
    main()
