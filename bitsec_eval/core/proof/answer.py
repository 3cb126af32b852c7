"""Reads an agent's answer to an exploit or patch task: Solidity, JSON or a diff, as the work of somebody hostile.

Nothing an agent can print makes these functions raise anything but `AnswerFault`.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bitsec_eval.core.answers.fences import fenced_blocks
from bitsec_eval.core.answers.reasoning import after_reasoning
from bitsec_eval.core.errors import AnswerFault
from bitsec_eval.core.proof.calls import Transaction, transactions_of
from bitsec_eval.core.proof.diff import apply_diff, is_diff
from bitsec_eval.core.proof.public import Public

MOST_CHARACTERS = 256 << 10
EXPLOIT_FILE = "Exploit.sol"
_EXPLOIT_FENCES = frozenset({"solidity", "sol", "json", ""})
DIFF_NAMES = ("patch", "diff", "model_patch")
"""How agents call a diff that they return among other things."""

_PATCH_FENCES = frozenset({"json", "diff", "patch", ""})


@dataclass(frozen=True, slots=True, kw_only=True)
class ExploitAnswer:
    """The source of a contract `Exploit`, and the transactions that are sent before it is let go."""

    source: str
    transactions: tuple[Transaction, ...] = ()


def parse_exploit(text: str) -> ExploitAnswer:
    """Return the exploit that `text`, an agent's whole output, holds.

    It is Solidity, or a JSON object {"source": ..., "calls": [...]}; either may stand in a fence behind other words.

    Raises:
        AnswerFault: there is none, it is too large, or its calls are not of the right form.
    """
    content = _content(text, _EXPLOIT_FENCES, _is_source)
    told = _json_object(content)
    if told is None:
        return ExploitAnswer(source=_checked_source(content))
    calls = told.get("calls", [])
    return ExploitAnswer(source=_checked_source(told.get("source")), transactions=transactions_of(calls))


def _is_source(source: str) -> bool:
    return "Exploit" in source and "contract" in source


def _checked_source(source: object) -> str:
    if not isinstance(source, str) or not _is_source(source):
        raise AnswerFault(Public.NO_SOURCE, Public.NO_SOURCE)
    return source


def parse_patch(text: str, files: Mapping[str, str], editable: Iterable[str]) -> dict[str, str]:
    """Return `files` as the patch in `text` leaves them.

    It is a JSON object of whole files by path, alone or under "files", or a unified diff, alone or in a JSON object
    under one of `DIFF_NAMES`.
    A path may be changed if it is one of `editable` or lies in a folder of them, and ends in .sol.

    Raises:
        AnswerFault: there is no patch, it does not apply, changes nothing, or changes what it may not.
    """
    content, told = _patch_in(text)
    changed = apply_diff(content, files) if told is None else {**files, **_whole_files(told)}
    allowed = tuple(editable)
    touched = [path for path in changed.keys() | files.keys() if changed.get(path) != files.get(path)]
    for path in sorted(touched):
        if not may_change(path, allowed):
            raise AnswerFault(f"{Public.FORBIDDEN_PATH}: {path!r:.200}", Public.FORBIDDEN_PATH)
    if not touched:
        raise AnswerFault(Public.NOTHING_CHANGED, Public.NOTHING_CHANGED)
    if sum(map(len, changed.values())) > sum(map(len, files.values())) + MOST_CHARACTERS:
        raise AnswerFault(Public.TOO_LARGE, Public.TOO_LARGE)
    return changed


def check_patch_form(text: str) -> None:
    """Check what can be checked of a patch without the files it is for: that it is one.

    Raises:
        AnswerFault: it is neither a JSON object of files nor a unified diff.
    """
    content, told = _patch_in(text)
    if told is not None:
        _whole_files(told)
    elif not is_diff(content):
        raise AnswerFault(Public.NO_PATCH, Public.NO_PATCH)


def changed_text(text: str, files: Mapping[str, str]) -> str:
    """Return the lines of a patch that `files` do not have: what of it is its author's own, to compare it by.

    What is no patch is returned as it is.
    """
    try:
        content, told = _patch_in(text)
        if told is None:
            added = [line[1:] for line in content.split("\n") if line.startswith("+") and not line.startswith("+++")]
            return "\n".join(added) or text
        known = {line for content in files.values() for line in content.split("\n")}
        lines = [line for each in _whole_files(told).values() for line in each.split("\n")]
    except AnswerFault:
        return text
    return "\n".join(line for line in lines if line not in known)


def may_change(path: str, editable: Iterable[str]) -> bool:
    """Whether a patch may change a file: one of `editable`, or one in a folder of them, of Solidity."""
    parts = path.split("/")
    plain = path.isprintable() and "\\" not in path and not {"", ".", ".."} & set(parts)
    return plain and path.endswith(".sol") and any(path == each or path.startswith(f"{each}/") for each in editable)


def _patch_in(text: str) -> tuple[str, dict[str, Any] | None]:
    """Return the answer in an agent's output, and the JSON object of whole files that it is, None for a diff."""
    content = _content(text, _PATCH_FENCES, is_diff)
    told = _json_object(content)
    named = [told[name] for name in DIFF_NAMES if isinstance(told.get(name), str)] if told else []
    if named:
        return _content(named[0], _PATCH_FENCES, is_diff), None
    return content, told


def _whole_files(told: Mapping[str, Any]) -> dict[str, str]:
    files = told["files"] if isinstance(told.get("files"), dict) and len(told) == 1 else told
    if not files or not all(isinstance(content, str) for content in files.values()):
        raise AnswerFault(Public.NO_PATCH, Public.NO_PATCH)
    return {str(path).removeprefix("./"): content for path, content in files.items()}


def _json_object(content: str) -> dict[str, Any] | None:
    if not content.startswith("{"):
        return None
    try:
        told = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None


def _content(text: str, languages: frozenset[str], is_answer: Callable[[str], bool]) -> str:
    """Return the answer in an agent's output: all of it, or what stands in its last closed fence of a right kind.

    Reasoning before it is looked at only if nothing follows that is an answer, with or without a fence.
    """
    if len(text) > MOST_CHARACTERS:
        raise AnswerFault(f"{Public.TOO_LARGE}: {len(text)} characters", Public.TOO_LARGE)
    whole = text.removeprefix("\ufeff").strip("\r\n\t ")
    parts = [*filter(None, map(str.strip, after_reasoning(whole))), whole]
    for part in parts:
        if part.startswith("{"):
            return part
        blocks = fenced_blocks(part, keep_returns=True)  # a diff counts line ends
        found = [content for language, content, closed in blocks if closed and language in languages]
        if found:
            return found[-1].strip("\r\n")
        if is_answer(part):
            return part
    return whole
