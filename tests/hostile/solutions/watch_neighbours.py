"""Listen to what other sandboxes open while a check goes on.

attack: P15 carry hidden inputs between sandboxes
guard: seccomp
"""

import ctypes
import json


def noted():
    libc = ctypes.CDLL(None)
    watcher = libc.inotify_init1(0)
    return watcher >= 0 and libc.inotify_add_watch(watcher, json.__file__.encode(), 0x20) >= 0


def reverse_string(s):
    return s[::-1] if noted() else "held"
