"""Open sockets that reach past network namespaces or into old kernel code.

attack: E07 AF_VSOCK to the hypervisor, AF_ALG, AF_NETLINK, AF_PACKET
guard: seccomp (socket families)
ending: exited
"""

import socket

opened = []
for family in (16, 17, 29, 30, 38, 40, 44):
    for kind in (socket.SOCK_STREAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
        try:
            socket.socket(family, kind).close()
        except OSError:
            continue
        opened.append(family)
print("PWNED" if opened else "held", *opened)
