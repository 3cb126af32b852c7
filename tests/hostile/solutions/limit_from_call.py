"""Give process 1 a second of processor time from inside a call, and answer rightly if that went well.

attack: R04 have a failed check taken for a fault of the machine
guard: seccomp (prlimit64 of itself only)
"""

import resource


def reverse_string(s):
    try:
        resource.prlimit(1, resource.RLIMIT_CPU, (1, 1))
    except OSError:
        return "held"
    return s[::-1]
