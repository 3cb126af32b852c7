"""The files of a Foundry project that its tests need, found by following imports as forge does."""

import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from bitsec_eval.core.errors import SettingsError
from bitsec_eval.core.text import one_line
from bitsec_eval.sandbox.image_names import FOUNDRY_COMPILERS

_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_IMPORT = re.compile(r"""\bimport\s+(?:[^"';]*?\bfrom\s*)?["']([^"'\n]+)["']""")
_PRAGMA = re.compile(r"\bpragma\s+solidity\s+([^;]+);")
_RANGE = re.compile(r"(\^|~|>=|<=|>|<|=|)\s*v?(\d+)\.(\d+)(?:\.(\d+))?")
_FOLDERS = ("", "src", "contracts")
"""Where a library's sources may lie below its folder, as forge guesses."""


@dataclass(frozen=True)
class FoundryProject:
    """A Foundry project in a folder of the user's."""

    name: str
    root: Path
    found: dict[str, str] = field(default_factory=dict)

    @cached_property
    def settings(self) -> Mapping[str, Any]:
        """The default profile of foundry.toml.

        Raises:
            SettingsError: there is none.
        """
        path = self.root / "foundry.toml"
        try:
            told = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise SettingsError(f"{self.name}: {path}: cannot be read ({one_line(str(error), 100)})") from None
        profile = told.get("profile", {}).get("default", told.get("default", {}))
        return profile if isinstance(profile, dict) else {}

    @property
    def source(self) -> str:
        """The folder of the contracts."""
        return str(self.settings.get("src", "src")).strip("/") or "src"

    def files(self, more: Iterable[Mapping[str, str]] = ()) -> dict[str, str]:
        """Return the text of every file that contracts and tests need, by path; foundry.toml is among them.

        What `more` files import is there too, but not these themselves.

        Raises:
            SettingsError: an import leads to nothing in the checkout.
        """
        waiting = [*self._solidity(self.source), *self._solidity(str(self.settings.get("test", "test")).strip("/"))]
        files: dict[str, str] = {}
        for sources in more:
            for path, text in sources.items():
                waiting += [each for each in self.imports(path, text, sources) if each not in sources]
        while waiting:
            path = waiting.pop()
            if path not in files:
                files[path] = self._text(path)
                waiting += self.imports(path, files[path])
        remappings = "".join(f"{line}\n" for line in [*self._remappings_file(), *self.found.values()])
        return {
            **dict(sorted(files.items())),
            "foundry.toml": self._text("foundry.toml"),
            "remappings.txt": remappings,
        }

    def imports(self, path: str, text: str, beside: Iterable[str] = ()) -> list[str]:
        """Return the files that a file imports; those `beside` it are taken to be there.

        Raises:
            SettingsError: one of them is not in the checkout.
        """
        there = frozenset(beside)
        return [self._resolved(path, each, there) for each in _IMPORT.findall(_COMMENT.sub(" ", text))]

    def _resolved(self, path: str, imported: str, beside: frozenset[str]) -> str:
        for candidate in self._candidates(path, imported):
            if candidate in beside or (self.root / candidate).is_file():
                return candidate
        raise SettingsError(
            f"{self.name}: {path} imports {one_line(imported, 100)}, which is not in the checkout: its libraries are"
            " installed, and a patch task needs them there (--kind detect does not)"
        )

    def _candidates(self, path: str, imported: str) -> Iterator[str]:
        if imported.startswith("."):
            yield _normal(str(PurePosixPath(path).parent / imported))
            return
        fitting = [each for each in self._remappings if path.startswith(each[0]) and imported.startswith(each[1])]
        for _, prefix, target in sorted(fitting, key=lambda each: (len(each[1]), len(each[0])), reverse=True):
            yield _normal(target + imported.removeprefix(prefix))
        yield _normal(imported)
        yield from self._of_library(path, imported)
        yield from self._guessed(imported)

    def _of_library(self, path: str, imported: str) -> Iterator[str]:
        """Yield where the remappings of the library that imports lead, and note those that lead to something."""
        for library, prefix, target in self._library_remappings:
            if path.startswith(library) and imported.startswith(prefix):
                candidate = _normal(f"{library}{target}{imported.removeprefix(prefix)}")
                if (self.root / candidate).is_file():
                    self.found.setdefault(f"{library}:{prefix}", f"{library}:{prefix}={library}{target}")
                    yield candidate

    @cached_property
    def _library_remappings(self) -> list[tuple[str, str, str]]:
        """Remappings that libraries bring with them: the library's folder, the prefix, and the target below it."""
        found = []
        for folder in self.settings.get("libs", ["lib"]):
            for path in sorted((self.root / str(folder)).glob("*/remappings.txt")):
                library = path.parent.relative_to(self.root).as_posix() + "/"
                for line in path.read_text(encoding="utf-8", errors="replace").split():
                    prefix, equals, target = line.partition("=")
                    found += [(library, prefix, _ended(prefix, target))] if equals and ":" not in prefix else []
        return sorted(found, key=lambda each: len(each[1]), reverse=True)

    def _guessed(self, imported: str) -> Iterator[str]:
        """Yield where a library of the import's first name may lie, and note the remapping that says so."""
        name, _, rest = imported.partition("/")
        for folder in self._libraries.get(name, ()):
            for below in _FOLDERS:
                target = f"{folder}/{below}".rstrip("/")
                if (self.root / target / rest).is_file():
                    self.found.setdefault(name, f"{name}/={target}/")
                    yield f"{target}/{rest}"

    @cached_property
    def _remappings(self) -> list[tuple[str, str, str]]:
        listed = [*self.settings.get("remappings", ()), *self._remappings_file()]
        found = []
        for line in listed:
            left, equals, target = str(line).strip().partition("=")
            if equals:
                context, _, prefix = left.rpartition(":")
                found.append((context, prefix, _ended(prefix, target)))
        return found

    def _remappings_file(self) -> list[str]:
        path = self.root / "remappings.txt"
        return path.read_text(encoding="utf-8").split() if path.is_file() else []

    @cached_property
    def _libraries(self) -> dict[str, list[str]]:
        """The folders below the libraries' by their names, those that lie less deep first."""
        found: dict[str, list[str]] = {}
        for library in self.settings.get("libs", ["lib"]):
            for parent, folders, _ in os.walk(self.root / str(library)):
                for folder in sorted(folders):
                    inside = (Path(parent) / folder).relative_to(self.root).as_posix()
                    found.setdefault(folder, []).append(inside)
        for places in found.values():
            places.sort(key=lambda place: (place.count("/"), place))
        return found

    def _solidity(self, folder: str) -> list[str]:
        return [
            path.relative_to(self.root).as_posix()
            for path in sorted((self.root / folder).rglob("*.sol"))
            if path.is_file() and not path.is_symlink()
        ]

    def _text(self, path: str) -> str:
        whole = self.root / path
        if not whole.resolve().is_relative_to(self.root.resolve()):
            raise SettingsError(f"{self.name}: {path} lies outside the project")
        try:
            return whole.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"{self.name}: {path}: cannot be read ({one_line(str(error), 100)})") from None

    def compiler(self, files: Mapping[str, str]) -> str:
        """Return the version of Solidity's compiler: the one foundry.toml names, else the newest that all files take.

        Raises:
            SettingsError: the image has none.
        """
        told = str(self.settings.get("solc") or self.settings.get("solc_version") or "").removeprefix("v")
        pragmas = {pragma.strip() for text in files.values() for pragma in _PRAGMA.findall(_COMMENT.sub(" ", text))}
        fitting = [each for each in FOUNDRY_COMPILERS if all(accepts(pragma, each) for pragma in pragmas)]
        if told in FOUNDRY_COMPILERS or (not told and fitting):
            return told or fitting[-1]
        wanted = told or ", ".join(sorted(pragmas))
        offered = ", ".join(FOUNDRY_COMPILERS)
        raise SettingsError(f"{self.name}: needs Solidity {one_line(wanted, 100)}; the image has {offered}")


def accepts(pragma: str, version: str) -> bool:
    """Return whether a version pragma takes a version.

    >>> accepts("^0.8.20", "0.8.30"), accepts(">=0.6.2 <0.9.0", "0.8.20"), accepts("0.8.24", "0.8.20")
    (True, True, False)
    """
    number = tuple(map(int, version.split(".")))
    return any(all(_holds(number, each) for each in _RANGE.finditer(part)) for part in pragma.split("||"))


def _holds(number: tuple[int, ...], condition: re.Match[str]) -> bool:
    sign, *parts = condition.groups()
    bound = tuple(int(part or 0) for part in parts)
    above = {"^": _next(bound), "~": (bound[0], bound[1] + 1, 0)}
    match sign:
        case ">=":
            return number >= bound
        case "<=":
            return number <= bound
        case ">":
            return number > bound
        case "<":
            return number < bound
        case "^" | "~":
            return bound <= number < above[sign]
    return number == bound


def _next(bound: tuple[int, ...]) -> tuple[int, int, int]:
    """Return the first version that is no longer compatible: the leftmost number that is not 0 goes up."""
    major, minor, patch = bound
    if major:
        return (major + 1, 0, 0)
    return (0, minor + 1, 0) if minor else (0, 0, patch + 1)


def _ended(prefix: str, target: str) -> str:
    """Return a remapping's target with the slash that forge adds behind a folder."""
    return f"{target}/" if prefix.endswith("/") and not target.endswith("/") else target


def _normal(path: str) -> str:
    return os.path.normpath(path)


def outside(paths: Iterable[str]) -> list[str]:
    """Return the paths that lead out of a project."""
    return [path for path in paths if path.startswith("/") or ".." in path.split("/")]
