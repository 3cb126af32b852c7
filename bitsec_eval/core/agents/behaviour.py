"""Which agents behave alike: what is kept of a run's answer to compare it, and agents grouped by all of theirs.

Of an answer a print is kept: a digest, its length, and the 24 smallest hashes of the shapes in it (a bottom-k sketch,
Broder 1997). Code is compared with its names, texts, numbers and comments left out, everything else by its words.
Independent agents that are right write alike where little can be written, so short answers are weak evidence: what
two agents share is weighed by its length, and nothing is said below `LEAST_BYTES` of it.
"""

import hashlib
import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

CODE_GRAM, TEXT_GRAM = 8, 3
KEPT_HASHES = 24
LEAST_GRAMS = 24
"""An answer with fewer shapes is only compared as a whole."""
MOST_CHARACTERS = 1 << 16
WEIGHED_BYTES = 2000
"""What a single answer weighs at most, so that no one task decides."""
ALIKE = 0.8
LEAST_BYTES = 400
"""So much of what two agents answered must agree before they are held to behave alike."""

_COMMENT = re.compile(r"#.*|//.*|\"\"\"(?s:.*?)\"\"\"|'''(?s:.*?)'''")
_CODE = re.compile(r"[^\W\d]\w*|\d[\w.]*|\"[^\"\n]*\"|'[^'\n]*'|[^\w\s]")
_WORD = re.compile(r"\w+")
_PRINT = re.compile(r"\A([0-9]{1,7})\.([0-9a-f]{16})\.((?:[0-9a-f]{8}){0,24})\Z")
_KEYWORDS = frozenset(
    (
        "and", "as", "assert", "break", "class", "continue", "def", "del", "elif", "else", "except", "false",
        "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "none", "nonlocal", "not",
        "or", "pass", "raise", "return", "this", "true", "try", "while", "with", "yield", "address", "bool",
        "contract", "event", "external", "function", "internal", "mapping", "memory", "modifier", "private",
        "public", "require", "returns", "storage", "struct", "uint256", "view",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Print:
    """What is kept of one answer: its bytes, its digest, and hashes of the shapes in it (none of a short one)."""

    bytes: int
    digest: str
    hashes: frozenset[str]

    @property
    def weight(self) -> int:
        """What the answer weighs as evidence."""
        return min(self.bytes, WEIGHED_BYTES)


def print_of(answer: str, *, code: bool) -> str:
    """Return what is kept of an answer, a text that `read_print` understands; no word of the answer is in it."""
    text = answer.strip()[:MOST_CHARACTERS]
    raw = text.encode("utf-8", "backslashreplace")
    hashes = sorted(set(_hashes(text, code)))
    kept = hashes[:KEPT_HASHES] if len(hashes) >= LEAST_GRAMS else []
    return f"{len(raw)}.{hashlib.sha256(raw).hexdigest()[:16]}.{''.join(f'{each:08x}' for each in kept)}"


def read_print(text: str) -> Print:
    """Return the print that `print_of` wrote.

    Raises: ValueError where it is none.
    """
    found = _PRINT.match(text)
    if found is None:
        raise ValueError(f"print is {text[:60]!r}, not the print of an answer")
    size, digest, hashes = found.groups()
    return Print(int(size), digest, frozenset(hashes[at : at + 8] for at in range(0, len(hashes), 8)))


def _hashes(text: str, code: bool) -> Iterator[int]:
    tokens = _shapes(text) if code else _WORD.findall(text.lower())
    size = CODE_GRAM if code else TEXT_GRAM
    for at in range(len(tokens) - size + 1):
        yield zlib.crc32(" ".join(tokens[at : at + size]).encode("utf-8", "backslashreplace"))


def _shapes(text: str) -> list[str]:
    return [_shape(token) for token in _CODE.findall(_COMMENT.sub("", text))]


def _shape(token: str) -> str:
    if token[0].isdigit():
        return "0"
    if token[0] in "\"'" and len(token) > 1:
        return "s"
    named = token[0].isalpha() or token[0] == "_"
    return "n" if named and token.lower() not in _KEYWORDS else token


Answers = Mapping[str, str]
"""What is kept of an agent's answers, by task."""


def first_alike(answers: Mapping[str, Answers], order: Sequence[str]) -> dict[str, str]:
    """Return the agents that behave like an earlier one, each with the first it behaves like.

    `order` holds the agents, the earliest first. Who behaves like a copy behaves like what that is a copy of.
    """
    place = {agent: number for number, agent in enumerate(order)}
    known: dict[str, dict[str, Print]] = {}
    index: dict[tuple[str, str], list[str]] = defaultdict(list)
    copies: dict[str, str] = {}
    for agent in order:
        prints = {task: read_print(text) for task, text in answers.get(agent, {}).items()}
        marks = list(_marks(prints))
        first = next((each for each in _candidates(marks, index, place) if alike(prints, known[each])), None)
        if first is not None:
            copies[agent] = first
            continue
        known[agent] = prints
        for mark in marks:
            if len(index[mark]) < MOST_SHARING:
                index[mark].append(agent)
    return copies


MOST_SHARING = 50
"""So many agents, the earliest, are looked up by a mark they share; one that more share says little."""
MOST_COMPARED = 20


def _marks(prints: Mapping[str, Print]) -> Iterator[tuple[str, str]]:
    for task, each in prints.items():
        yield task, each.digest
        yield from ((task, one) for one in sorted(each.hashes))


def _candidates(
    marks: Iterable[tuple[str, str]], index: Mapping[tuple[str, str], Sequence[str]], place: Mapping[str, int]
) -> list[str]:
    """Return the agents that share most marks, the earliest first."""
    shared: Counter[str] = Counter()
    for mark in marks:
        if mark in index:
            shared.update(index[mark])
    most = sorted(shared, key=lambda agent: (-shared[agent], place[agent]))[:MOST_COMPARED]
    return sorted(most, key=place.__getitem__)


def alike(one: Mapping[str, Print], other: Mapping[str, Print]) -> bool:
    """Whether two agents answered alike, over the tasks both answered."""
    both = [(one[task], other[task]) for task in one.keys() & other.keys()]
    weights = [min(mine.weight, theirs.weight) for mine, theirs in both]
    agreed = sum(weight * _agreement(*pair) for weight, pair in zip(weights, both, strict=True))
    return agreed >= LEAST_BYTES and agreed >= ALIKE * sum(weights)


def _agreement(one: Print, other: Print) -> float:
    """Return how much of two answers agrees, 0 to 1: an estimate of the share of all their shapes that both have."""
    if one.digest == other.digest:
        return 1.0
    union = sorted(one.hashes | other.hashes)[:KEPT_HASHES]
    if not one.hashes or not other.hashes:
        return 0.0
    return sum(each in one.hashes and each in other.hashes for each in union) / len(union)


def by_age(since: Mapping[str, datetime | None]) -> list[str]:
    """Return agents, the earliest first; of those whose age is the same or not known, in order of their names."""
    return sorted(since, key=lambda agent: (_stamp(since[agent]), agent))


def shares_of(copies: Mapping[str, str], since: Mapping[str, datetime | None]) -> dict[str, int]:
    """Return into how many parts each agent's claim is divided where agents that behave alike are paid once.

    The earliest of a group has all of it, 1, and the others nothing, 0; several that are equally early share it.
    """
    groups: dict[str, list[str]] = defaultdict(list)
    for copy, first in copies.items():
        groups[first].append(copy)
    shares: dict[str, int] = {}
    for first, others in groups.items():
        early = [first, *(each for each in others if _stamp(since[each]) <= _stamp(since[first]))]
        shares |= dict.fromkeys(others, 0) | dict.fromkeys(early, len(early))
    return shares


def _stamp(time: datetime | None) -> float:
    return time.timestamp() if time else float("inf")
