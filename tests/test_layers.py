"""Imports point down, as docs/architecture.md draws them."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bitsec_eval.sandbox.protocol.guest_program import PARTS

ROOT = Path(__file__).parents[1]
ENGINE, HTTP, PYTEST, WEB = (
    {"docker", "requests", "urllib3"},
    {"openai", "httpx"},
    {"pytest", "_pytest", "xdist"},
    {"jinja2", "markupsafe"},
)

MAY_IMPORT = {
    "bitsec_eval/core": set(),
    "bitsec_eval/support": {"core"},
    "bitsec_eval/sandbox": {"core", *ENGINE, "pyrevm"},  # pyrevm: by a program that runs in the EVM image alone
    "bitsec_eval/inference": {"core", *HTTP},
    "bitsec_eval/judge": {"core", "inference", *HTTP},
    "bitsec_eval/scabench": {"core", "sandbox"},
    "bitsec_eval/evmbench": {"core", "sandbox", "scabench", "yaml"},
    "bitsec_eval/schedule": {"core", "sandbox", "inference"},
    "bitsec_eval/render": {"core", *WEB},
    "bitsec_eval/arrow": {"core", "pyarrow"},
    "bitsec_eval/signing": {"core", "cryptography"},
    "bitsec_eval/cluster": {"core", "sandbox", "distributed"},
    "bitsec_eval/evaluate": {"core"},
    "bitsec_eval/watch": {"core", "render", "evaluate"},
    "bitsec_eval/agent_check": {"core"},
    "bitsec_eval/plugin": {
        *("core", "sandbox", "cluster", "schedule", "inference", "judge", "render", "anyio", "rich"),
        *PYTEST,
    },
    "bitsec_eval/cli": {
        "core",
        "render",
        "scabench",
        "evmbench",
        "judge",
        "sandbox",
        "evaluate",
        "watch",
        "cli",
        "cluster",
        "signing",
    },
    "bitsec_eval/miner": {"core", "agent_check", "evaluate", "sandbox", "schedule", "render", *HTTP},
    "bitsec_eval/hub": {"core", "render", "agent_check", "fastapi", "starlette", "uvicorn", "h11", "pydantic", *WEB},
    "hub": {"hub"},
}
PURE = {"bitsec_eval/core": {"support"}}
"""All folders but these may import the impure helpers."""

IMPURE = {"os", "time", "random", "socket", "subprocess", "threading", "tempfile", "urllib", "http"}
SEEDED = {f"bitsec_eval/core/tasks/{name}.py": {"random"} for name in ("renaming", "variants")}


def _packages() -> Iterator[str]:
    for folder in MAY_IMPORT:
        if (ROOT / folder).is_dir():
            yield folder


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield node.module or ""


def _layer(module: str, own: str) -> str | None:
    """Return the layer or library that a module belongs to, or None for the standard library and its own package."""
    parts = module.split(".")
    if parts[0] == "bitsec_eval":
        layer = parts[1] if len(parts) > 1 else "core"  # the face imports core only
        return None if own == f"bitsec_eval/{layer}" else layer
    if parts[0] == own or parts[0] in sys.stdlib_module_names:
        return None
    return parts[0]


@pytest.mark.parametrize("folder", list(_packages()))
def test_a_package_imports_only_what_lies_below_it(folder: str):
    wrong = {
        f"{path.relative_to(ROOT)}: {module}"
        for path in (ROOT / folder).rglob("*.py")
        for module in _imports(path)
        if _layer(module, folder) not in {None, "support", *MAY_IMPORT[folder]} - PURE.get(folder, set())
    }

    assert not wrong


def test_every_package_has_its_layer():
    packages = {
        f"bitsec_eval/{path.name}" for path in (ROOT / "bitsec_eval").iterdir() if (path / "__init__.py").exists()
    }

    assert packages <= MAY_IMPORT.keys()


def test_core_knows_no_clock_chance_network_or_environment():
    wrong = {
        f"{path.relative_to(ROOT)}: {module}"
        for path in (ROOT / "bitsec_eval/core").rglob("*.py")
        for module in _imports(path)
        if module.split(".")[0] in IMPURE - SEEDED.get(str(path.relative_to(ROOT)), set())
    }

    assert not wrong


def test_the_guest_runner_is_standard_library_only():
    parts = {
        f"{package}.{name.removesuffix('.py')}": package.replace(".", "/") + f"/{name}" for package, name in PARTS
    }
    for file in parts.values():
        imported = set(_imports(ROOT / file)) - parts.keys()
        assert {module.split(".")[0] for module in imported} <= sys.stdlib_module_names


def test_importing_the_face_loads_neither_pytest_nor_an_engine():
    code = "import bitsec_eval, sys; print(sorted({'pytest', 'docker', 'httpx', 'jinja2'} & set(sys.modules)))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)

    assert done.stdout == "[]\n"


def _public_classes() -> Iterator[tuple[str, str]]:
    """Yield the name and module of each public class that is defined at a module's top level."""
    for path in (ROOT / "bitsec_eval").rglob("*.py"):
        if "starter" not in path.parts:
            for node in ast.parse(path.read_text()).body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    yield node.name, str(path.relative_to(ROOT))


def test_a_class_name_has_one_meaning_in_the_whole_tree():
    places: dict[str, list[str]] = {}
    for name, path in _public_classes():
        places.setdefault(name, []).append(path)

    assert {name: sorted(paths) for name, paths in places.items() if len(paths) > 1} == {}


GROUPED = ("core", "sandbox", "plugin", "hub", "inference")


def _part(module: str, folder: Path) -> str | None:
    """Return the subfolder or module of `folder` that a module belongs to."""
    inside = module.removeprefix(f"bitsec_eval.{folder.name}.")
    first = inside.split(".")[0]
    known = (folder / first).is_dir() or (folder / f"{first}.py").exists()
    return first if inside != module and known else None


def _parts_imported(folder: Path) -> dict[str, set[str]]:
    """Return which parts of a folder each part imports."""
    found: dict[str, set[str]] = {}
    for path in folder.rglob("*.py"):
        own = path.relative_to(folder).parts[0].removesuffix(".py")
        for node in ast.walk(ast.parse(path.read_text())):
            named = isinstance(node, ast.ImportFrom) and node.module == f"bitsec_eval.{folder.name}"
            modules = [f"{node.module}.{each.name}" for each in node.names] if named else []
            for module in [*modules, *([node.module or ""] if isinstance(node, ast.ImportFrom) else [])]:
                part = _part(module, folder)
                if part is not None and part != own:
                    found.setdefault(own, set()).add(part)
    return found


def _reachable(start: str, imported: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    left = [start]
    while left:
        new = imported.get(left.pop(), set()) - found
        found |= new
        left.extend(new)
    return found


@pytest.mark.parametrize("name", GROUPED)
def test_the_groups_of_a_folder_import_one_another_in_no_circle(name: str):
    imported = _parts_imported(ROOT / "bitsec_eval" / name)

    assert [part for part in imported if part in _reachable(part, imported)] == []
