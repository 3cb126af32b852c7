"""Ask for the free room of a disk by its number, without having anything open on it.

attack: P15 read what the whole machine writes
guard: seccomp
ending: exited
"""

import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
NUMBER = {"x86_64": 136}.get(os.uname().machine)
numbers = {os.stat(path).st_dev for path in ("/", "/etc/hosts", "/proc", "/dev/shm") if os.path.exists(path)}
room = ctypes.create_string_buffer(64)
read = [number for number in numbers if NUMBER is not None and libc.syscall(NUMBER, number, room) == 0]
print("PWNED" if read else "held", *read)
