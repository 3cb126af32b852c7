"""Unified diffs, applied by the letter: every line of context must be there.

A hunk may have moved; it is taken where its old lines are, nearest to where it says, behind the hunk before it.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import unified_diff

from bitsec_eval.core.errors import AnswerFault
from bitsec_eval.core.proof.public import Public

_HUNK = re.compile(r"@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@")
_NOWHERE = "/dev/null"
MOST_HUNKS = 256


@dataclass(slots=True)
class _Hunk:
    start: int
    old_count: int
    new_count: int
    old: list[str] = field(default_factory=list)
    new: list[str] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        return len(self.old) >= self.old_count and len(self.new) >= self.new_count

    def take(self, line: str) -> None:
        """Take the next line of the hunk; an empty one is an empty line of context."""
        mark, text = line[:1] or " ", line[1:]
        if mark not in " +-":
            raise _wrong(f"a hunk's line begins with {mark!r}")
        if mark != "+":
            self.old.append(text)
        if mark != "-":
            self.new.append(text)


@dataclass(slots=True)
class _FileDiff:
    before: str
    after: str
    hunks: list[_Hunk] = field(default_factory=list)


def apply_diff(text: str, files: Mapping[str, str]) -> dict[str, str]:
    """Return `files` as the unified diff `text` leaves them; git's words around it are passed over.

    Raises:
        AnswerFault: it is no diff, or does not apply.
    """
    changed = dict(files)
    diffs = list(_read(text))
    if not diffs:
        raise AnswerFault(Public.NO_PATCH, Public.NO_PATCH)
    for diff in diffs:
        old = "" if diff.before == _NOWHERE else changed.pop(diff.before, None)
        if old is None or (diff.before == _NOWHERE and diff.after in changed):
            raise _wrong(f"no file {diff.before!r:.200}")
        if diff.after != _NOWHERE:
            changed[diff.after] = _applied(diff, old)
    return changed


def diff_of(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    """Return the unified diff that makes the files `before` those of `after`, as git writes it."""
    changed = sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
    lines = (line for path in changed for line in _diff_of_file(path, before.get(path), after.get(path)))
    return "".join(f"{line}\n" for line in lines)


def _diff_of_file(path: str, old: str | None, new: str | None) -> Iterator[str]:
    before = _NOWHERE if old is None else f"a/{path}"
    after = _NOWHERE if new is None else f"b/{path}"
    return unified_diff(_lines(old), _lines(new), before, after, lineterm="")


def _lines(text: str | None) -> list[str]:
    return (text or "").removesuffix("\n").split("\n") if text else []


def is_diff(text: str) -> bool:
    """Whether there is a unified diff in `text`, of whatever files.

    Raises:
        AnswerFault: it has hunks that are none.
    """
    return any(diff.hunks for diff in _read(text))


def _read(text: str) -> Iterator[_FileDiff]:
    lines = text.split("\n")
    at, diff = 0, None
    while at < len(lines):
        following = lines[at + 1] if at + 1 < len(lines) else ""
        if lines[at].startswith("--- ") and following.startswith("+++ "):
            if diff is not None:
                yield diff
            diff, at = _FileDiff(_path(lines[at]), _path(following)), at + 2
        elif diff is not None and lines[at].startswith("@@"):
            hunk, at = _hunk(lines, at)
            diff.hunks.append(hunk)
        else:
            at += 1
    if diff is not None:
        yield diff


def _path(line: str) -> str:
    """Return the path in a line of "--- " or "+++ ", without git's a/ or b/ and without a date."""
    path = line[4:].partition("\t")[0].strip()
    return path if path == _NOWHERE else re.sub(r"\A(?:[ab]/|\./)", "", path)


def _hunk(lines: list[str], at: int) -> tuple[_Hunk, int]:
    head = _HUNK.match(lines[at])
    if head is None:
        raise _wrong(f"a hunk's head is {lines[at]!r:.80}")
    start, old, _, new = (1 if each is None else int(each) for each in head.groups())
    hunk = _Hunk(start, old, new)
    at += 1
    while not hunk.is_whole:
        if at >= len(lines):
            raise _wrong("a hunk ends early")
        if not lines[at].startswith("\\"):  # "\ No newline at end of file"
            hunk.take(lines[at])
        at += 1
    return hunk, at


def _applied(diff: _FileDiff, old: str) -> str:
    if len(diff.hunks) > MOST_HUNKS:
        raise _wrong(f"{len(diff.hunks)} hunks in one file")
    lines = old.split("\n")
    plain = [line.rstrip() for line in lines]
    made: list[str] = []
    done = 0
    for hunk in diff.hunks:
        place = _place(hunk, plain, done)
        made += lines[done:place] + hunk.new
        done = place + len(hunk.old)
    if not old and made:
        return "\n".join(made) + "\n"
    return "\n".join(made + lines[done:])


def _place(hunk: _Hunk, lines: list[str], least: int) -> int:
    """Return at which line, from 0, a hunk's old lines stand."""
    if not hunk.old:
        return max(least, min(hunk.start, len(lines)))
    old = [line.rstrip() for line in hunk.old]
    begins = [place for place in range(least, len(lines) - len(old) + 1) if lines[place] == old[0]]
    fits = [place for place in begins if lines[place : place + len(old)] == old]
    if not fits:
        raise _wrong(f"its lines at {hunk.start} are not there")
    return min(fits, key=lambda place: abs(place - hunk.start + 1))


def _wrong(words: str) -> AnswerFault:
    return AnswerFault(f"{Public.DOES_NOT_APPLY}: {words}", Public.DOES_NOT_APPLY)
