"""Part of the sandbox image: makes `localhost` resolve where an engine without a network leaves /etc/hosts empty.

Every Python of a sandbox runs this when it starts, as the `site` module does it, so it is short and imports nothing
that was not there before.
"""

import _socket
import os

NAMES = {"localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback", _socket.gethostname()}


def at_home(host, family=_socket.AF_INET):
    """Return the loopback address for a name of this machine, and any other host as it is."""
    name = host.decode("ascii", "replace") if isinstance(host, (bytes, bytearray)) else host
    if isinstance(name, str) and name.lower().rstrip(".") in NAMES:
        return "::1" if family == _socket.AF_INET6 else "127.0.0.1"
    return host


def hosts_are_known():
    """Whether the C library finds them by itself."""
    try:
        return os.stat("/etc/hosts").st_size > 0
    except OSError:
        return False


def at_home_too(address, family):
    """Return a socket's address with the host's name made a number."""
    if family in (_socket.AF_INET, _socket.AF_INET6) and isinstance(address, tuple) and address:
        return (at_home(address[0], family),) + address[1:]
    return address


class Socket(_socket.socket):
    """What `socket.socket` is made of: the C library would look a name up by itself."""

    __slots__ = ()

    def bind(self, address):
        return super().bind(at_home_too(address, self.family))

    def connect(self, address):
        return super().connect(at_home_too(address, self.family))

    def connect_ex(self, address):
        return super().connect_ex(at_home_too(address, self.family))


def know_this_machine(getaddrinfo, gethostbyname, gethostbyname_ex):
    """Have Python's own functions know the names, on top of those given."""

    def addresses(host, port, family=0, kind=0, proto=0, flags=0):
        return getaddrinfo(at_home(host, family), port, family, kind, proto, flags)

    _socket.getaddrinfo = addresses
    _socket.gethostbyname = lambda hostname: gethostbyname(at_home(hostname))
    _socket.gethostbyname_ex = lambda hostname: gethostbyname_ex(at_home(hostname))
    _socket.socket = Socket


if not hosts_are_known():
    know_this_machine(_socket.getaddrinfo, _socket.gethostbyname, _socket.gethostbyname_ex)
