"""Cheats that spray: each picks functions of the project by some mark, and says of them whatever could be true."""

AGENT = '''"""Reports {said}."""

import json
import re
from pathlib import Path

KINDS = ("reentrancy", "access control", "accounting", "oracle manipulation", "denial of service", "rounding")


def functions():
    """Return the file and name of every function that shows the mark."""
    for path in sorted(Path.cwd().rglob("*.sol")):
        for part in re.split(r"\\bfunction ", path.read_text())[1:]:
            name, header, body = re.match(r"(\\w+)([^{{;]*)(.*)", part, re.DOTALL).groups()
            if {mark}:
                yield path.relative_to(Path.cwd()).as_posix(), name


def finding(path, name, **changes):
    """Return a finding that says of a function whatever a task could want to hear."""
    return {{
        "title": f"Anyone can drain approved tokens, and the accounting of fees is wrong, in {{name}}",
        "severity": "critical",
        "vulnerability_type": "access control / accounting",
        "file": path,
        "location": name,
    }} | changes


FOUND = list(functions())
print(json.dumps({{"vulnerabilities": {report}}}))
'''

ANY = "name"
OPEN = "body[0] == '{' and re.search('public|external', header) and not re.search('view|pure', header)"
MOVES = "re.search('transfer', body, re.IGNORECASE)"

EACH = "[finding(*place) for place in FOUND]"
IN_ONE = """[
    finding(file, ", ".join(name for path, name in FOUND if path == file)) for file in sorted(dict(FOUND))
]"""
IN_THREES = """[
    finding(FOUND[at][0], ", ".join(name for _, name in FOUND[at : at + 3])) for at in range(0, len(FOUND), 3)
]"""
OF_EVERY_KIND = """[
    finding(*place, title=f"{kind} in {place[1]}", vulnerability_type=kind) for place in FOUND for kind in KINDS
]"""
OF_KINDS_IN_TURN = """[
    finding(*place, title="A fault", vulnerability_type=KINDS[at % 6]) for at, place in enumerate(FOUND)
]"""
GRAVE = """[{"severity": "critical", "file": path, "location": name} for path, name in FOUND]"""

SPRAYS = {
    name: AGENT.format(said=said, mark=mark, report=report)
    for name, said, mark, report in (
        ("every_function", "every function", ANY, EACH),
        ("every_open_function", "every open function: one fewer in a twin where it is internal", OPEN, EACH),
        ("moves_tokens", "every function in whose body tokens are moved", MOVES, EACH),
        ("all_in_one", "every open function, those of a file in one finding", OPEN, IN_ONE),
        ("three_at_a_time", "every open function, three of them in each finding", OPEN, IN_THREES),
        ("every_kind", "every kind of vulnerability at every open function", OPEN, OF_EVERY_KIND),
        (
            "kinds_in_turn",
            "a kind of vulnerability for every open function, each time the next",
            OPEN,
            OF_KINDS_IN_TURN,
        ),
        ("severity_and_place", "every open function as critical, and nothing else", OPEN, GRAVE),
    )
}
