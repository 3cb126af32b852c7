"""Look for the engine's own socket.

attack: E04 be root on the machine
guard: Binds, Mounts
ending: exited
"""

import os

PATHS = ("/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock", "/run/podman/podman.sock")
print("PWNED" if any(os.path.exists(path) for path in PATHS) else "held")
