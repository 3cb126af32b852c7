r"""Statement-level variants of a project: what an evaluation draws beside names, so that no answer fits by its shape.

A case that is published is recognised by the shape of its statements, whatever the names are.
So a task may have a file of variants beside its workspaces, a small grammar that its author writes:

    {"places": [{"file": "src/A.sol", "old": "...", "twin_old": "...", "new": "<body>"}],
     "shuffled": ["src/A.sol"],
     "symbols": {"body": ["return <sum>;", "uint256 all = <sum>;\n        return all;"],
                 "sum": {"order": "terms", "of": ["a", "b", "c"], "join": " + "},
                 "more": {"order": "more", "of": ["function f()...", "function g()..."], "most": 1},
                 "used": {"choice": "helper", "of": ["a + b", "_both()"]},
                 "made": {"choice": "helper", "of": ["", "function _both()..."]}},
     "twin": {"sum": {"order": "terms", "of": ["a", "b"], "join": " + "}}}

A list is one of its texts, an order all of them in some order, with `most` only so many at most, and a choice one of
its texts, the one at the same place as in every choice of that name: so a helper is there where it is used.
Each symbol is drawn once for an evaluation, so it is the same wherever it stands, on both sides.
"""

import json
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bitsec_eval.core.errors import TaskError

_SYMBOL = re.compile(r"<(\w+)>")
_ROUTINE = re.compile(r"(?:^    ///[^\n]*\n)*^    function [^\n]*\{\n.*?^    \}\n", re.MULTILINE | re.DOTALL)
MOST_DEPTH = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class VariedText:
    """One text of a file that is replaced: `old` in the project, `twin_old` in its twin, each there exactly once."""

    file: str
    old: str
    new: str
    twin_old: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variants:
    """What differs between evaluations; `symbols` give the texts, those of `twin` take their place in the twin.

    In the files called `shuffled` the functions of a contract stand in an order of their own.
    """

    places: tuple[VariedText, ...] = ()
    shuffled: tuple[str, ...] = ()
    symbols: Mapping[str, Any] = field(default_factory=dict)
    twin: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, text: str, shown: str) -> "Variants":
        """Return the variants that a file holds; `shown` names it.

        Raises:
            TaskError: it is not of the form above.
        """
        try:
            told = json.loads(text)
            places = tuple(VariedText(**place) for place in told.pop("places", ()))
            return cls(places=places, shuffled=tuple(told.pop("shuffled", ())), **told)
        except (ValueError, TypeError, AttributeError) as error:
            raise TaskError(
                f"{shown}: no variants as bitsec_eval.core.tasks.variants describes them ({error})"
            ) from None

    def drawn(self, files: Mapping[str, bytes], seed: int | str, *, is_twin: bool) -> dict[str, bytes]:
        """Return a project (files by path) as the evaluation of `seed` has it, the same for equal arguments.

        Raises:
            TaskError: a text to be replaced is not there exactly once, or a symbol is not defined.
        """
        draw = _Draw(seed, {**self.symbols, **(self.twin if is_twin else {})})
        texts = {path: content.decode() for path, content in files.items() if path.endswith(".sol")}
        for place in self.places:
            old = place.twin_old or place.old if is_twin else place.old
            text = texts.get(place.file, "")
            if text.count(old) != 1:
                raise TaskError(f"variants: {place.file} holds {old[:60]!r} {text.count(old)} times, not once")
            texts[place.file] = text.replace(old, draw.expanded(place.new))
        for path in self.shuffled:
            texts[path] = _shuffled(texts[path], draw.random_for(path))
        return {**files, **{path: text.encode() for path, text in texts.items()}}

    def filled(self, text: str, seed: int | str) -> str:
        """Return a text that goes with the project, with what `seed` draws for the symbols in it.

        Raises:
            TaskError: a symbol is not defined.
        """
        return _Draw(seed, self.symbols).expanded(text)

    def names(self) -> str:
        """Return every text of the grammar, for whoever looks for names in it."""
        return json.dumps([self.symbols, self.twin, [place.new for place in self.places]])


class _Draw:
    """Expands symbols, each by a draw that depends on the seed and on its name alone."""

    def __init__(self, seed: int | str, symbols: Mapping[str, Any]) -> None:
        self._seed = seed
        self._symbols = symbols

    def random_for(self, name: str) -> random.Random:
        """Return the source of chance of one name."""
        return random.Random(f"variants {self._seed} {name}")  # noqa: S311 - to be repeated, not to be secret

    def expanded(self, text: str, depth: int = 0) -> str:
        """Return `text` with a drawn text for every symbol in it."""
        if depth > MOST_DEPTH:
            raise TaskError(f"variants: a symbol stands for itself, in {text[:60]!r}")
        return _SYMBOL.sub(lambda match: self.expanded(self._text(match.group(1)), depth + 1), text)

    def _text(self, name: str) -> str:
        found = self._symbols.get(name)
        if isinstance(found, list) and found:
            return str(self.random_for(name).choice(found))
        if isinstance(found, dict) and "choice" in found:
            return str(self.random_for(f"choice {found['choice']}").choice(found["of"]))
        if isinstance(found, dict):
            return self._in_order(found)
        raise TaskError(f"variants: <{name}> is not defined; give it a list of texts, a choice or an order")

    def _in_order(self, found: Mapping[str, Any]) -> str:
        chance = self.random_for(f"order {found['order']}")
        parts = list(found["of"])
        chance.shuffle(parts)
        count = chance.randint(0, found["most"]) if "most" in found else len(parts)
        return str(found.get("join", "")).join(parts[:count])


def _shuffled(text: str, chance: random.Random) -> str:
    """Return a Solidity file with the functions of its contract in another order."""
    routines = _ROUTINE.findall(text)
    drawn = list(routines)
    chance.shuffle(drawn)
    following = iter(drawn)
    return _ROUTINE.sub(lambda _: next(following), text)
