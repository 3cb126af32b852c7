"""docs/configuration.md, made of the table of options: `python -m bitsec_eval.plugin.config.reference` prints it."""

from collections.abc import Iterator, Sequence

from bitsec_eval.plugin.config.option import UNITS, Option, addresses, flag, words
from bitsec_eval.plugin.config.options import SECTIONS

_TYPES = {str: "text", int: "whole number", float: "number", flag: "switch", words: "names", addresses: "addresses"}

_HEAD = """\
# Configuration

Every option can be given on the command line or in `pytest.ini`; the command line wins.

```ini
# pytest.ini
[pytest]
bitsec_agents = agents
bitsec_jobs = 2
bitsec_reuse = true
```

A relative path in `pytest.ini` starts from that file, one on the command line from the current folder.
A list of names is separated by blanks or commas; on the command line the option may be repeated.
A `bitsec_` name in `pytest.ini` that is no option is an error.
"""

_ENVIRONMENT = """\

## Environment variables

| variable | what it is |
|---|---|
| `BITSEC_LLM_API_KEY` | key of the LLM provider, else `OPENAI_API_KEY` ([LLM](llm.md)) |
| `BITSEC_JUDGE_MODEL`, `BITSEC_JUDGE_URL` | the model of the LLM judge and its address ([findings](findings.md)) |
| `BITSEC_JUDGE_KEY`, `BITSEC_JUDGE_RECORD` | the judge's key, and a file in which its judgements are kept |
| `BITSEC_JUDGE_CHARACTERS` | how many characters the judge reads of one report ([ScaBench](scabench.md)) |
| `DOCKER_HOST`, `DOCKER_CONTEXT` | where the Docker engine is, as for the `docker` command |
| `XDG_RUNTIME_DIR` | holds the folder of locks, unless `--bitsec-state` names another |
| `GITHUB_STEP_SUMMARY` | a file to which the leaderboard is appended as Markdown |
| `CI` | `--bitsec-progress=auto` writes a line every 30 s where it is set |

The page is generated: `python -m bitsec_eval.plugin.config.reference > docs/configuration.md`.
"""


def configuration_page() -> str:
    """Return the page as Markdown."""
    sections = [line for title, options in SECTIONS.items() for line in _section(title, options)]
    return _HEAD + "\n".join(sections) + "\n" + _ENVIRONMENT


def _section(title: str, options: Sequence[Option]) -> Iterator[str]:
    yield f"\n## {title}\n"
    yield "| option | in pytest.ini | type | default | what it does |"
    yield "|---|---|---|---|---|"
    for option in options:
        written = option.flag if option.kind is flag else f"{option.flag}={option.metavar}"
        cells = (f"`{written}`", f"`{option.ini}`", _type(option), option.default_text, _help(option))
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _type(option: Option) -> str:
    if option.choices:
        return ", ".join(f"`{choice}`" for choice in option.choices)
    unit = option.unit or UNITS.get(option.metavar, "")
    return f"{_TYPES[option.kind]}, {unit}" if unit and option.kind is not str else unit or _TYPES[option.kind]


def _help(option: Option) -> str:
    also = f"; also the environment variable `{option.environment}`" if option.environment else ""
    return option.help + also


if __name__ == "__main__":
    print(configuration_page(), end="")  # noqa: T201 - this is its job
