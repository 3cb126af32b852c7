"""Read everything below /proc and /sys that is not of a process, twice, and look for what has changed meanwhile.

attack: E12 count what the whole machine does
guard: MaskedPaths
ending: exited
"""

import os
import time

OWN = {"/proc/sys/kernel/ns_last_pid", "/proc/sys/kernel/random/uuid", "/proc/kmsg", "/proc/kcore"}


def paths():
    for top in ("/proc", "/sys"):
        for folder, inside, names in os.walk(top):
            if folder == "/proc":
                inside[:] = [
                    name for name in inside if not name.isdigit() and name not in ("self", "thread-self", "net")
                ]
                names = [name for name in names if name != "mounts"]
            if folder == "/sys/fs":
                inside[:] = [name for name in inside if name != "cgroup"]
            yield from (f"{folder}/{name}" for name in names)


def content(path):
    try:
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return b""
    try:
        return os.read(file, 4096)
    except OSError:
        return b""
    finally:
        os.close(file)


def look(limit):
    started = time.monotonic()
    seen = {}
    for path in sorted(paths(), key=lambda path: ("/block/" not in path, path.startswith("/proc/sys"), path)):
        if path not in OWN and time.monotonic() - started < limit:
            seen[path] = content(path)
    return seen


first = look(1)
time.sleep(0.3)
again = {path: content(path) for path in first}
changed = [path for path in first if again[path] != first[path]]
print("PWNED" if changed else "held", *changed[:20])
