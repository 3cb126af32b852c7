"""Ask to run before everybody else on the machine: a lower nice value, real time, deadlines, the disk's first place.

attack: E12 take processor time and disk from others
guard: CapDrop
ending: exited
"""

import ctypes
import os
import struct

libc = ctypes.CDLL(None, use_errno=True)


def is_granted(ask):
    try:
        ask()
    except OSError:
        return False
    return True


def deadline():
    attributes = struct.pack("IIQiIQQQ", 48, 6, 0, 0, 0, 10_000_000, 30_000_000, 30_000_000)
    number = {"x86_64": 314, "aarch64": 274}[os.uname().machine]
    if libc.syscall(number, 0, ctypes.create_string_buffer(attributes), 0):
        raise OSError


granted = {
    "nice": is_granted(lambda: os.setpriority(os.PRIO_PROCESS, 0, -5)),
    "real time": is_granted(lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))),
    "turns": is_granted(lambda: os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))),
    "deadline": is_granted(deadline),
}
print("PWNED" if any(granted.values()) else "held", *(name for name, is_so in granted.items() if is_so))
