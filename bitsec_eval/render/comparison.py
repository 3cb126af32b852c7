"""A comparison of two boards on a terminal and as a page."""

import textwrap
from collections.abc import Iterator, Sequence

from markupsafe import Markup

from bitsec_eval.core.comparison import MovedAgent, MovedTask
from bitsec_eval.core.text import one_line
from bitsec_eval.render.figures import points
from bitsec_eval.render.html import content_policy, environment, stylesheet


def comparison_lines(moved: Sequence[MovedAgent], width: int = 80) -> list[str]:
    """Return what moved, as lines of at most `width` columns."""
    lines = [line for agent in moved for line in _agent(agent)] or ["no agents on either side"]
    return [part for line in lines for part in _fitting(line, max(width, 40))]


def comparison_html(moved: Sequence[MovedAgent], before: str, after: str) -> str:
    """Return what moved as one self-contained page; `before` and `after` name the two sides."""
    page = environment().get_template("comparison.html")
    style = stylesheet()
    return page.render(
        title="What moved",
        moved=moved,
        before=before,
        after=after,
        signed=signed,
        csp=content_policy(style),
        style=Markup(style),  # noqa: S704 - our own file
    )


def signed(before: float | None, after: float | None) -> str:
    """Return the difference of two scores with its sign, "" where there is none.

    >>> signed(50.0, 62.5), signed(50.0, 50.0), signed(None, 1.0)
    ('+12.5', '0.0', '')
    """
    if before is None or after is None:
        return ""
    return f"{after - before:+.1f}" if after != before else "0.0"


def _agent(agent: MovedAgent) -> Iterator[str]:
    version = "" if agent.same_version or agent.before is None or agent.after is None else ", another version"
    scores = f"{points(agent.before)} -> {points(agent.after)}"
    chance = "" if agent.p is None or not agent.tasks else f" (p = {agent.p:.3f})"
    yield f"{one_line(agent.agent)}  {scores}  {signed(agent.before, agent.after)}  {agent.verdict}{chance}{version}"
    for task in agent.tasks:
        yield from _task(task)


def _task(task: MovedTask) -> Iterator[str]:
    yield f"  {one_line(task.task)}  {points(task.before)} -> {points(task.after)}"
    for what, names in (("passes now", task.mended), ("fails now", task.broken)):
        if names:
            yield f"    {what}: {', '.join(map(one_line, names))}"


def _fitting(line: str, width: int) -> list[str]:
    indent = " " * (len(line) - len(line.lstrip()))
    return textwrap.wrap(line.strip(), width, initial_indent=indent, subsequent_indent=f"{indent}  ")
