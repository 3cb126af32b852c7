"""Certificates by the commands of docs/cluster.md, and a scheduler's options for them."""

import subprocess
from pathlib import Path


def make_certificates(folder: Path) -> tuple[str, ...]:
    """Make an authority and one certificate in a folder; return the options of a scheduler that uses them."""
    folder.mkdir()
    page = (Path(__file__).parents[2] / "docs/cluster.md").read_text()
    for line in page.splitlines():
        if line.startswith("openssl "):
            subprocess.run(line.split(), cwd=folder, check=True, capture_output=True)
    names = {"--tls-ca-file": "ca.pem", "--tls-cert": "cert.pem", "--tls-key": "key.pem"}
    return tuple(word for option, name in names.items() for word in (option, str(folder / name)))
