"""Input and output of a Solidity compiler: contracts by name, with their ABI and code.

Sources are compiled for the fork that the EVM really runs, whatever a compiler's own default is.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bitsec_eval.core.errors import AnswerFault
from bitsec_eval.core.proof.public import Public
from bitsec_eval.core.text import one_line

EVM_VERSION = "cancun"
_HEX = re.compile(r"(?:[0-9a-f]{2})*\Z")
_SELECTOR = re.compile(r"[0-9a-f]{8}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """One compiled contract: its file, its ABI, selectors by signature, and what deploys it (None: abstract)."""

    path: str
    name: str
    abi: tuple[Mapping[str, Any], ...]
    selectors: Mapping[str, bytes]
    code: bytes | None

    def functions(self, name: str) -> list[Mapping[str, Any]]:
        """Return the ABI entries of the functions of this name."""
        return [entry for entry in self.abi if entry.get("type") == "function" and entry.get("name") == name]

    @property
    def constructor(self) -> list[Mapping[str, Any]]:
        """The types of the constructor's arguments."""
        found = next((entry for entry in self.abi if entry.get("type") == "constructor"), {})
        return list(found.get("inputs", ()))


@dataclass(frozen=True, slots=True)
class Build:
    """Compiled contracts by (path, name)."""

    artifacts: Mapping[tuple[str, str], Artifact] = field(default_factory=dict)

    def named(self, name: str) -> Artifact:
        """Return the one contract of this name.

        Raises:
            LookupError: there is none, or there are several.
        """
        found = [artifact for artifact in self.artifacts.values() if artifact.name == name]
        if len(found) != 1:
            raise LookupError(f"{len(found) or 'no'} contracts are called {name}")
        return found[0]

    def with_code_of(self, other: "Build", paths: Iterable[str]) -> "Build":
        """Return this build, whose contracts of these files have the code they have in `other`, or none."""
        taken = set(paths)
        return Build({key: _recoded(artifact, other, taken) for key, artifact in self.artifacts.items()})


def _recoded(artifact: Artifact, other: Build, paths: set[str]) -> Artifact:
    if artifact.path not in paths:
        return artifact
    found = other.artifacts.get((artifact.path, artifact.name))
    return replace(artifact, code=found.code if found else None)


def compiler_input(sources: Mapping[str, str], wanted: Iterable[str] | None = None) -> str:
    """Return standard JSON for `sources`; only the contracts of `wanted` files, where given, get code."""
    outputs = ["abi", "evm.bytecode.object", "evm.methodIdentifiers"]
    selection = {path: {"*": outputs} for path in (wanted if wanted is not None else sources)}
    settings = {
        "evmVersion": EVM_VERSION,
        "optimizer": {"enabled": False},
        "metadata": {"appendCBOR": False},
        "outputSelection": selection,
    }
    files = {path: {"content": text} for path, text in sorted(sources.items())}
    return json.dumps({"language": "Solidity", "sources": files, "settings": settings}, sort_keys=True)


def read_build(output: str) -> Build:
    """Return the contracts of a compiler's output, which an enemy may have written.

    Raises:
        AnswerFault: there are errors in the sources, or it is no compiler's output.
    """
    try:
        told = json.loads(output)
        errors = [each for each in told.get("errors", ()) if each.get("severity") == "error"]
        if errors:
            raise _refused(errors[0])
        return _read(told.get("contracts", {}))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise AnswerFault(f"the compiler said nothing readable: {type(error).__name__}", Public.COMPILER) from None


def _refused(error: Mapping[str, Any]) -> AnswerFault:
    words = one_line(str(error.get("formattedMessage") or error.get("message") or ""), 400)
    pragma = error.get("errorCode") == "5333" or "requires different compiler version" in words
    missing = error.get("errorCode") == "6275" or "File import callback not supported" in words
    public = Public.PRAGMA if pragma else Public.IMPORT if missing else Public.NOT_COMPILED
    return AnswerFault(f"{public}: {words}", public)


def _read(contracts: Mapping[str, Mapping[str, Any]]) -> Build:
    artifacts = {}
    for path, named in contracts.items():
        for name, contract in named.items():
            artifacts[str(path), str(name)] = _artifact(str(path), str(name), contract)
    return Build(artifacts)


def _artifact(path: str, name: str, told: Mapping[str, Any]) -> Artifact:
    code = told["evm"]["bytecode"]["object"]
    selectors = told["evm"]["methodIdentifiers"]
    if not all(_SELECTOR.match(each) for each in selectors.values()):
        raise ValueError("a selector that is none")
    return Artifact(
        path=path,
        name=name,
        abi=tuple(entry for entry in told["abi"] if isinstance(entry, dict)),
        selectors={str(signature): bytes.fromhex(each) for signature, each in selectors.items()},
        code=bytes.fromhex(code) if code and _HEX.match(code) else None,
    )
