"""An audit of EVMbench as its config.yaml describes it: which faults, which hidden tests, what mends them."""

import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bitsec_eval.core.errors import SettingsError
from bitsec_eval.core.text import one_line

CANARY = "evmbench:"
FOUNDRY = ("foundry", "foundry-json")
_FLAGS = frozenset({"--via-ir", "--isolate"})
_FLAGS_WITH_VALUE = frozenset(
    {
        *("--gas-limit", "--fuzz-runs", "--match-path", "--match-contract"),
        *("--no-match-test", "--no-match-contract", "--no-match-path"),
    }
)
_LEFT_OUT = re.compile(r"(-v+|--silent|--force|--offline)\Z")
_LEFT_OUT_WITH_VALUE = "--ignored-error-codes"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedFault:
    """One vulnerability: its title, and where it has a patch task, its hidden test and what mends it.

    `tests` and `patches` map files of the audit's folder to paths of the project; `told` is its text in the report.
    """

    id: str
    title: str
    told: str
    test: str = ""
    tests: Mapping[str, str]
    patches: Mapping[str, str]
    options: tuple[str, ...] = ()
    passes_on_faulty: bool = True
    has_exploit: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """One audit; `folder` is where its files lie, `root` the part of the project in which its tests are run."""

    id: str
    folder: Path
    framework: str
    faults: tuple[AuditedFault, ...]
    commit: str = ""
    root: str = ""
    options: tuple[str, ...] = ()
    allowed_to_fail: frozenset[str] = frozenset()
    untestable: str = ""
    """Why its hidden tests cannot be run in a sandbox; empty where they can."""

    @property
    def patchable(self) -> tuple[AuditedFault, ...]:
        """The faults with a hidden test and a patch."""
        return tuple(fault for fault in self.faults if fault.test and fault.patches)


def read_audit(checkout: Path, name: str) -> Audit:
    """Return the audit `name` of a checkout of EVMbench, or of a folder of audits.

    Raises:
        SettingsError: there is none, or its configuration is not EVMbench's.
    """
    folder = _folder(checkout, name)
    told = _config(folder / "config.yaml")
    try:
        faults = told["vulnerabilities"]
        listed = faults if isinstance(faults, list) else [faults]
        untestable = _untestable(name, told, listed)
        if untestable:
            told, listed = {**told, "default_test_flags": ""}, [{**each, "test_flags": ""} for each in listed]
        return Audit(
            id=str(told["id"]),
            folder=folder,
            framework=str(told.get("framework") or ""),
            faults=tuple(_fault(folder, each) for each in listed),
            commit=str(told.get("base_commit") or ""),
            root=str(told.get("run_cmd_dir") or "").strip("/"),
            options=forge_options(name, str(told.get("default_test_flags") or "")),
            allowed_to_fail=frozenset(map(str, told.get("tests_allowed_to_fail") or ())),
            untestable=untestable,
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise SettingsError(f"{folder / 'config.yaml'}: not EVMbench's configuration ({error!r:.80})") from None


def _untestable(name: str, told: Mapping[str, Any], faults: Iterable[Mapping[str, Any]]) -> str:
    """Return why tests with these flags cannot be run; a detect task has no need of them."""
    try:
        forge_options(name, str(told.get("default_test_flags") or ""))
        for fault in faults:
            forge_options(str(fault["id"]), str(fault.get("test_flags") or ""))
    except SettingsError as error:
        return str(error)
    return ""


def _folder(checkout: Path, name: str) -> Path:
    if not re.fullmatch(r"[A-Za-z0-9._-]+", name):
        raise SettingsError(f"--audit {one_line(name, 60)}: not the name of an audit")
    for parent in (checkout / "audits", checkout / "project/evmbench/audits", checkout):
        if (parent / name / "config.yaml").is_file():
            return parent / name
    raise SettingsError(f"{checkout}: has no audits/{name}/config.yaml; name a copy of EVMbench and an audit of it")


def _config(path: Path) -> dict[str, Any]:
    try:
        import yaml  # type: ignore[import-untyped]
    except ImportError:
        raise SettingsError("EVMbench's files are YAML; run pip install 'bitsec-eval[evmbench]'") from None
    try:
        told = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SettingsError(f"{path}: cannot be read ({one_line(str(error), 120)})") from None
    if not isinstance(told, dict):
        raise SettingsError(f"{path}: not EVMbench's configuration")
    return told


def _fault(folder: Path, told: Mapping[str, Any]) -> AuditedFault:
    name = str(told["id"])
    return AuditedFault(
        id=name,
        title=str(told.get("title") or name),
        told=_report_of(folder / "findings" / f"{name}.md"),
        test=str(told.get("test") or ""),
        tests=dict(told.get("test_path_mapping") or {}),
        patches=dict(told.get("patch_path_mapping") or {}),
        options=forge_options(name, str(told.get("test_flags") or "")),
        passes_on_faulty=bool(told.get("test_passes_if_vulnerable", True)),
        has_exploit=bool(told.get("exploit_task")),
    )


def _report_of(path: Path) -> str:
    """Return a finding's text without the lines that mark it as EVMbench's."""
    if not path.is_file():
        return ""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(line for line in lines if CANARY not in line).strip()


def forge_options(owner: str, flags: str) -> tuple[str, ...]:
    """Return the options of `forge test` among flags that are known to need nothing but the project.

    >>> forge_options("H-03", "--via-ir -vvv --gas-limit 2000000000")
    ('--via-ir', '--gas-limit', '2000000000')

    Raises:
        SettingsError: there is another one.
    """
    words, taken = shlex.split(flags), []
    while words:
        word = words.pop(0)
        if _LEFT_OUT.match(word):
            continue
        if word == _LEFT_OUT_WITH_VALUE:
            words = words[1:]
            continue
        if word in _FLAGS_WITH_VALUE and words:
            taken += [word, words.pop(0)]
        elif word in _FLAGS:
            taken.append(word)
        else:
            raise SettingsError(f"{owner}: its tests are run with {one_line(word, 60)}, which no sandbox offers")
    return tuple(taken)
