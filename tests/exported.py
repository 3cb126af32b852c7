"""An image of Docker's as a folder, as an OCI runtime starts it."""

import subprocess
from pathlib import Path


def export(image: str, root: Path) -> None:
    """Lay the files of an image out in a folder that is there."""
    made = subprocess.run(["docker", "create", image, "x"], capture_output=True, text=True, check=True).stdout.strip()
    with subprocess.Popen(["docker", "export", made], stdout=subprocess.PIPE) as exported:
        subprocess.run(["tar", "-x", "-C", str(root)], stdin=exported.stdout, check=True)
    root.chmod(0o755)
    subprocess.run(["docker", "rm", made], capture_output=True, check=True)
