"""Connect to the internet, the machine, its neighbours and the cloud's metadata.

attack: E02 carry something out, or fetch an answer
guard: NetworkDisabled
ending: exited
"""

import errno
import socket

ADDRESSES = (("1.1.1.1", 53), ("172.17.0.1", 22), ("169.254.169.254", 80), ("10.0.0.1", 80), ("8.8.8.8", 443))


def goes_out(address):
    with socket.socket() as sock:
        sock.settimeout(0.3)
        try:
            return sock.connect_ex(address) != errno.ENETUNREACH
        except TimeoutError:
            return True


with open("/proc/net/dev") as table:
    interfaces = [line.split(":")[0].strip() for line in table if ":" in line]
out = any(goes_out(address) for address in ADDRESSES)
print("PWNED" if out or interfaces != ["lo"] else "held")
