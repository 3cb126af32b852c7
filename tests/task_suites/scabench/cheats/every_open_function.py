"""Reports every function that is public or external: one fewer in a twin where it is internal."""

import json
import re
from pathlib import Path


def functions(folder):
    """Return (file, name) of every function that anyone may call to change something."""
    for path in sorted(folder.rglob("*.sol")):
        for name, header in re.findall(r"function (\w+)([^{;]*)\{", path.read_text()):
            if re.search(r"\b(?:public|external)\b", header) and not re.search(r"\b(?:view|pure)\b", header):
                yield path.relative_to(folder).as_posix(), name


def finding(path, name):
    """Return a finding that says of a function whatever a task could want to hear."""
    return {
        "title": f"Anyone can drain approved tokens, and the accounting of fees is wrong, in {name}",
        "severity": "critical",
        "vulnerability_type": "access control / accounting",
        "file": path,
        "location": name,
    }


def report(folder):
    """Return one finding for each function."""
    return [finding(path, name) for path, name in functions(folder)]


print(json.dumps({"vulnerabilities": report(Path.cwd())}))
