"""Imports point down, as docs/architecture.md draws them."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ENGINE, HTTP, PYTEST, WEB = (
    {"docker", "requests"},
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
    "bitsec_eval/schedule": {"core", "sandbox", "inference"},
    "bitsec_eval/render": {"core", *WEB},
    "bitsec_eval/cluster": {"core", "sandbox", "distributed"},
    "bitsec_eval/evaluate": {"core"},
    "bitsec_eval/watch": {"core", "render", "evaluate"},
    "bitsec_eval/agent_check": {"core"},
    "bitsec_eval/plugin": {"core", "sandbox", "cluster", "schedule", "inference", "judge", "render", "rich", *PYTEST},
    "bitsec_eval/cli": {"core", "render", "scabench", "judge", "sandbox", "evaluate", "watch", "cli", "cluster"},
    "bitsec_eval/miner": {"core", "agent_check", "evaluate", "sandbox", "schedule", "render", *HTTP},
    "bitsec_eval/hub": {"core", "render", "agent_check", "fastapi", "starlette", "uvicorn", "h11", "pydantic", *WEB},
    "hub": {"hub"},
}
PURE = {"bitsec_eval/core": {"support"}}
"""All folders but these may import the impure helpers."""

IMPURE = {"os", "time", "random", "socket", "subprocess", "threading", "tempfile", "urllib", "http"}
SEEDED = {"bitsec_eval/core/renaming.py": {"random"}}


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
    for file in ("sandbox/guest/runner.py", "core/fences.py"):
        assert {module.split(".")[0] for module in _imports(ROOT / "bitsec_eval" / file)} <= sys.stdlib_module_names


def test_importing_the_face_loads_neither_pytest_nor_an_engine():
    code = "import bitsec_eval, sys; print(sorted({'pytest', 'docker', 'httpx', 'jinja2'} & set(sys.modules)))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)

    assert done.stdout == "[]\n"
