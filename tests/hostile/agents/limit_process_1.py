"""Give process 1 one second of processor time, then keep it busy: the kernel kills it, as if by somebody outside.

attack: R04 have one's failed run taken for a fault of the machine
guard: seccomp (prlimit64 of itself only)
ending: exited
"""

import resource

try:
    resource.prlimit(1, resource.RLIMIT_CPU, (1, 1))
except OSError:
    print("held")
else:
    print("PWNED")
