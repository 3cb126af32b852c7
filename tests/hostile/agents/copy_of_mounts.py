"""Take hold of mounts and file systems by the newer calls, which check other things than mount does.

attack: E06 find a way round what mount refuses
guard: seccomp
ending: exited
"""

import ctypes

libc = ctypes.CDLL(None, use_errno=True)
HERE = -100
CALLS = {"open_tree": (428, HERE, b"/", 0), "fsopen": (430, b"tmpfs", 0), "fspick": (433, HERE, b"/", 0)}


def answered(number, *arguments):
    return libc.syscall(number, *arguments) >= 0


open_calls = [name for name, call in CALLS.items() if answered(*call)]
print("PWNED" if open_calls else "held", *open_calls)
