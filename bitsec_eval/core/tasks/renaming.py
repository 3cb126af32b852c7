"""Identifiers under new names, so that an answer has to come from the source and not from memory.

A known vulnerability is recognised by its names before it is understood.
So a task lists the telling ones, and every evaluation gives them others, drawn by its seed from bland words.
Comments go as well; lines stay where they were.
What an agent reports is read through `back`, which swaps both ways.
A name the agent saw becomes the one the checks know.
A name it could only remember becomes one that nobody knows.
"""

import itertools
import random
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from bitsec_eval.core.errors import TaskError
from bitsec_eval.core.reports.finding import Finding
from bitsec_eval.core.reports.report import Report
from bitsec_eval.core.tasks.words import NOUNS, QUALIFIERS, RESERVED, VERBS

SEEDS = 1 << 32
"""How many seeds there are to draw from: 0 and on."""

_WORD = re.compile(r"(?<![A-Za-z0-9_$])[A-Za-z_$][A-Za-z0-9_$]*")
_LEXEME = re.compile(
    r"""(?P<comment>//[^\r\n]*|/\*.*?(?:\*/|\Z))
    |(?P<fixed>\bhex(?:"[^"\r\n]*"?|'[^'\r\n]*'?)|(?<![A-Za-z0-9_$])\d\w*)
    |(?P<string>"(?:[^"\\\r\n]|\\.)*+"?|'(?:[^'\\\r\n]|\\.)*+'?)
    |(?P<word>[A-Za-z_$][A-Za-z0-9_$]*)""",
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_FUNCTION = re.compile(r"\b(?:function|modifier)\s+([A-Za-z_$][A-Za-z0-9_$]*)")
_QUOTED = re.compile(r"`[^`\n]*`")
_SHAPE = re.compile(r"(?P<before>[_$]*(?:I(?=[A-Z][a-z]))?)(?P<core>.*?)(?P<after>[_$]*)\Z")
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def identifiers(source: str) -> frozenset[str]:
    """Return every word of `source` that could name something, those in comments and strings too."""
    return frozenset(_WORD.findall(source))


@dataclass(frozen=True, slots=True)
class Renaming:
    """New names for some identifiers; no two share one, and none stood in the sources before.

    `new` maps each old name to its new one; without any, nothing is changed.
    """

    new: Mapping[str, str] = field(default_factory=dict)
    _exact: Mapping[str, str] = field(init=False, repr=False, compare=False)
    _folded: Mapping[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        exact = dict(self.new) | {new: old for old, new in self.new.items()}
        object.__setattr__(self, "_exact", exact)
        object.__setattr__(self, "_folded", _unambiguous(exact))

    @classmethod
    def from_seed(
        cls, names: Iterable[str], seed: int | str, taken: Iterable[str] = (), functions: Iterable[str] = ()
    ) -> "Renaming":
        """Return the renaming of `names` that `seed` draws: for equal arguments always the same.

        New names are like the old in case and underscores, and equal none of `taken` in whatever case.
        They begin with a verb where the old one is among `functions`.
        """
        old = sorted(set(names))
        draw = _Draw(seed, old, taken, functions)
        return cls({name: draw.name_like(name) for name in old})

    @classmethod
    def of_projects(cls, names: Iterable[str], seed: int | str, *projects: Mapping[str, bytes]) -> "Renaming":
        """Return the renaming of `names` that suits all `projects` (files by path) at once, the same in each.

        Raises:
            TaskError: a name is Solidity's own, or stands in none of the projects.
        """
        __tracebackhide__ = True
        texts = [text for project in projects for text in _texts(project)]
        taken = frozenset[str]().union(*map(identifiers, texts))
        listed = tuple(names)
        for name in listed:
            if name in RESERVED:
                raise TaskError(f"rename lists {name!r}, a word of Solidity; list names of the project only")
            if name not in taken:
                raise TaskError(f"rename lists {name!r}, which is not in the workspace; check its spelling")
        functions = (name for text in texts for name in _FUNCTION.findall(text))
        return cls.from_seed(listed, seed, taken, functions)

    def apply(self, source: str) -> str:
        """Return Solidity `source` under the new names and without comments; every line keeps its number."""
        renamed = _LEXEME.sub(self._lexeme, source)
        return re.sub(r"[ \t]+(?=\r?$)", "", renamed, flags=re.MULTILINE)

    def _lexeme(self, match: re.Match[str]) -> str:
        text = match.group()
        if match.lastgroup == "comment":
            return re.sub(r"[^\r\n]", "", text) or " "
        if match.lastgroup == "word":
            return self.new.get(text, text)
        return self.words(text) if match.lastgroup == "string" else text

    def words(self, text: str) -> str:
        """Return `text` with every whole word that has a new name replaced by it."""
        return _WORD.sub(lambda match: self.new.get(match.group(), match.group()), text)

    def quoted(self, text: str) -> str:
        """Return `text` with the names that stand in backquotes, as in a prompt, replaced by the new ones."""
        return _QUOTED.sub(lambda match: self.words(match.group()), text)

    def path(self, path: str) -> str:
        """Return the path a file gets: a file named after a renamed contract is renamed with it."""
        return self.words(path)

    def project(self, files: Mapping[str, bytes]) -> dict[str, bytes]:
        """Return a project (files by path) renamed throughout.

        In files that are not Solidity whole words change and comments stay; what is not text stays as it is.
        """
        if not self.new:
            return dict(files)
        return {self.path(path): self._file(path, content) for path, content in files.items()}

    def _file(self, path: str, content: bytes) -> bytes:
        try:
            text = content.decode()
        except UnicodeDecodeError:
            return content
        return (self.apply(text) if path.endswith(".sol") else self.words(text)).encode()

    def back(self, text: str) -> str:
        """Return a text of a report under the old names; old names, which no agent has seen, come under new.

        Words of several parts are recognised in any case, ordinary words only as they are written.
        """
        return _WORD.sub(lambda match: self._swapped(match.group()), text)

    def _swapped(self, word: str) -> str:
        return self._exact.get(word) or self._folded.get(word.casefold(), word)

    def report(self, report: Report) -> Report:
        """Return `report` with every text of every finding read through `back`."""
        return replace(report, findings=tuple(map(self._finding, report.findings)))

    def _finding(self, finding: Finding) -> Finding:
        texts = {name: self.back(text) for name, text in finding.texts.items()}
        return Finding(**texts, confidence=finding.confidence, poc=finding.poc)  # a poc goes by the run's names


def _texts(project: Mapping[str, bytes]) -> Iterator[str]:
    for path, content in project.items():
        yield path
        yield content.decode("utf-8", "replace")


def _unambiguous(exact: Mapping[str, str]) -> dict[str, str]:
    """Return `exact` by folded name: of names that cannot be ordinary words, and differ by more than case."""
    folded: dict[str, set[str]] = {}
    for name, other in exact.items():
        folded.setdefault(name.casefold(), set()).add(other)
    return {
        name.casefold(): exact[name]
        for name in exact
        if len(_PART.findall(name)) > 1 and len(folded[name.casefold()]) == 1
    }


class _Draw:
    """Draws names like old ones from the word lists, never one twice."""

    def __init__(self, seed: int | str, old: Iterable[str], taken: Iterable[str], functions: Iterable[str]) -> None:
        self._random = random.Random(f"names {seed}")  # noqa: S311 - to be repeated, not to be secret
        self._used = {name.casefold() for name in (*old, *taken)}
        self._functions = {_parts(name) for name in functions}
        telling = {part for name in old for part in _parts(name)}
        self._verbs, self._qualifiers, self._nouns = (
            [word for word in words if word not in telling] for words in (VERBS, QUALIFIERS, NOUNS)
        )
        self._drawn: dict[tuple[str, ...], tuple[str, ...]] = {}

    def name_like(self, old: str) -> str:
        """Return a fresh name in the style of `old`, of the same words as another name of the same parts."""
        parts = _parts(old)
        words = self._drawn.get(parts) or self._words(parts)
        for attempt in itertools.count():
            name = _styled(old, words)
            if name.casefold() not in self._used:
                break
            words = self._words(parts, more=attempt // 50)
        self._used.add(name.casefold())
        self._drawn.setdefault(parts, words)
        return name

    def _words(self, parts: tuple[str, ...], more: int = 0) -> tuple[str, ...]:
        first = self._verbs if parts in self._functions else self._qualifiers
        begin = [self._random.choice(words) for words in (first, *[self._qualifiers] * more)]
        return (*begin, self._random.choice([noun for noun in self._nouns if noun not in begin]))


def _parts(name: str) -> tuple[str, ...]:
    match = _SHAPE.match(name)
    return tuple(part.lower() for part in _PART.findall(match["core"] if match else name))


def _styled(old: str, words: tuple[str, ...]) -> str:
    match = _SHAPE.match(old)
    before, core, after = match.group("before", "core", "after") if match else ("", old, "")
    return f"{before}{_cased(core, words)}{after}"


def _cased(core: str, words: tuple[str, ...]) -> str:
    if len(core) > 1 and core == core.upper():
        return "_".join(words).upper()
    if "_" in core:
        return "_".join(words)
    pascal = "".join(word.capitalize() for word in words)
    return pascal if core[:1].isupper() else pascal[:1].lower() + pascal[1:]
