"""Hooks of mkdocs: the root's own documents become pages, and a link to a source file becomes its path.

The documents are written for the repository, where `../bitsec_eval/...` leads somewhere; a site has no such file.
A link that leads to no file of the repository is still an error.
"""

import re
from pathlib import Path
from posixpath import normpath
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
PAGES = {
    "README.md": "index.md",
    "SECURITY.md": "security.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
}
_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\((?!https?:|#|mailto:)([^)#\s]+)(#[^)\s]*)?\)")


def on_files(files: Files, config: Any) -> Files:
    """Add the documents of the root."""
    for source, page in PAGES.items():
        files.append(File.generated(config, page, content=(ROOT / source).read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Point every link to where its target is in the site."""
    source = next((name for name, made in PAGES.items() if made == page.file.src_uri), f"docs/{page.file.src_uri}")
    return _LINK.sub(lambda found: _relinked(found, source, page.file.src_uri), markdown)


def _relinked(found: "re.Match[str]", source: str, page: str) -> str:
    picture, text, target, anchor = found[1], found[2], found[3], found[4] or ""
    path = normpath(f"{source}/../{target}")
    if (ROOT / path).is_dir() and (ROOT / path / "README.md").exists():
        path += "/README.md"
    if not (ROOT / path).exists():
        return found[0]  # mkdocs says so
    inside = PAGES.get(path) or (path.removeprefix("docs/") if path.startswith("docs/") else None)
    if inside is None or not (inside.endswith((".md", ".png")) or picture):
        return f"{text} (`{path}`)" if text.strip("`") != path else f"`{path}`"
    up = "../" * page.count("/")
    return f"{picture}[{text}]({up}{inside}{anchor})"
