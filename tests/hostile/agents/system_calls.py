"""Call what a Python program never needs: mounts, keys, programs in the kernel, other processes' memory.

attack: E06 find a hole in rarely used kernel code
guard: seccomp
ending: exited
"""

import ctypes
import os

CALLS = {
    "x86_64": dict(
        io_uring_setup=425, add_key=248, keyctl=250, bpf=321, perf_event_open=298, userfaultfd=323, mount=165,
        setns=308, process_vm_readv=310, shmget=29, msgget=68, semget=64, fsopen=430, move_mount=429, pidfd_getfd=438,
        name_to_handle_at=303, open_by_handle_at=304, kcmp=312, io_setup=206, vmsplice=278, landlock_create_ruleset=444,
    ),
    "aarch64": dict(
        io_uring_setup=425, add_key=217, keyctl=219, bpf=280, perf_event_open=241, userfaultfd=282, mount=40,
        setns=268, process_vm_readv=270, shmget=194, msgget=186, semget=190, fsopen=430, move_mount=429,
        pidfd_getfd=438, name_to_handle_at=264, open_by_handle_at=265, kcmp=272, io_setup=0, vmsplice=75,
        landlock_create_ruleset=444,
    ),
}[os.uname().machine]  # fmt: skip
libc = ctypes.CDLL(None, use_errno=True)
REFUSED = (1, 38)  # EPERM from the filter, ENOSYS from a kernel that lacks the call


def answered(number):
    return libc.syscall(number, 0, 0, 0, 0, 0) >= 0 or ctypes.get_errno() not in REFUSED


open_calls = sorted(name for name, number in CALLS.items() if answered(number))
print("PWNED" if open_calls else "held", *open_calls)
