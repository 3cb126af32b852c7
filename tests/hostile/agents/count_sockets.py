"""Read the numbers that the machine hands out to sockets and to network namespaces, in order.

attack: E12 count what the whole machine does
guard: seccomp
ending: exited
"""

import socket

found = []
for family in (socket.AF_UNIX, socket.AF_INET):
    for option in (57, 71, 57 | 1 << 32):  # SO_COOKIE, SO_NETNS_COOKIE
        with socket.socket(family) as asked:
            try:
                found.append(asked.getsockopt(socket.SOL_SOCKET, option, 8))
            except (OSError, OverflowError):
                continue
print("PWNED" if found else "held", *found)
