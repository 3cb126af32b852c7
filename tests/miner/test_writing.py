"""What `make` writes: a skeleton that is accepted and answers nothing, and what an LLM wrote once it works."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bitsec_eval.agent_check.process import check
from bitsec_eval.core.errors import BitsecError, SandboxError
from bitsec_eval.miner.hub import HubTask
from bitsec_eval.miner.writing.author import NoAgentError, write_with_llm
from bitsec_eval.miner.writing.code_block import code_in
from bitsec_eval.miner.writing.prompts import first_messages
from bitsec_eval.miner.writing.skeleton import skeleton

HOSTILE = '""" \\N{x} \\u12 {braces} \udcff\x1b[31m\r\nimport os; os.abort()\n\'\'\' """)\x00\u2028os.abort()'


def offered(kind: str = "code", prompt: str = "Implement reverse_string(s).", name: str = "demo/reverse") -> HubTask:
    """Return a task as a hub offers it."""
    return HubTask(id=name, prompt=prompt, kind=kind, timeout_seconds=5, checks=2, problem="")


@pytest.mark.parametrize(
    ("kind", "call", "returned"), [("findings", "()", {"vulnerabilities": []}), ("code", "({})", "")]
)
def test_a_skeleton_for_tasks_that_call_it_defines_agent_main(kind: str, call: str, returned: object):
    for text in ("Implement reverse_string(s).", HOSTILE):
        source = skeleton(replace(offered(kind, prompt=text, name=text), protocol="agent_main"))
        assert check(source.encode()).refusal is None
        names: dict[str, Any] = {}
        exec(source, names)

        assert eval(f"agent_main{call}", names) == returned


def test_an_llm_is_told_how_its_agent_is_called():
    told = {kind: first_messages(replace(offered(kind), protocol="agent_main")) for kind in ("findings", "code")}

    assert all("--task" not in message["content"] for messages in told.values() for message in messages)
    assert "agent_main(project_dir=None, inference_api=None)" in told["findings"][1]["content"]
    assert 'input["problem_statement"]' in told["code"][1]["content"]
    assert "--task" in first_messages(offered())[0]["content"]


@pytest.mark.parametrize(
    ("kind", "printed"),
    [
        ("code", "\n"),
        ("findings", '{"vulnerabilities": []}\n'),
        ("exploit", "\n"),
        ("patch", "\n"),
        ("answer", "\n"),
        ("new", "\n"),
    ],
)
@pytest.mark.parametrize("text", ["Implement reverse_string(s).\n\nQuickly.", HOSTILE])
def test_a_skeleton_is_accepted_runs_and_answers_nothing(tmp_path: Path, kind: str, printed: str, text: str):
    source = skeleton(offered(kind, prompt=text, name=text)).encode()
    (tmp_path / "a.py").write_bytes(source)

    ran = subprocess.run([sys.executable, "a.py", "--task", "x"], cwd=tmp_path, capture_output=True, text=True)

    checked = check(source)
    assert (checked.refusal, checked.cautions) == (None, ())
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, printed, "")


def test_a_skeleton_holds_the_prompt_for_its_author_to_read():
    source = skeleton(offered(prompt="Implement f.\n\nBe quick."))

    assert "# Implement f.\n#\n# Be quick.\n" in source


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("Sure!\n```python\na = 1\n```\nEnjoy.", "a = 1\n"),
        ("```py\na = 1\n```", "a = 1\n"),
        ("```PYTHON title=agent.py\na = 1\n```", "a = 1\n"),
        ("````python\n'''\n```\n'''\n````", "'''\n```\n'''\n"),
        ("~~~\na = 1\n~~~", "a = 1\n"),
        ("```sh\npip install everything\n```\n```python\na\n```", "a\n"),
        ("```python\nshort\n```\n```python\nlonger\none\n```", "longer\none\n"),
        ("if __name__ == '__main__':\n    pass", "if __name__ == '__main__':\n    pass\n"),
        ("```python\ncut off in the mid", None),
        ("I would rather not.", None),
        ("", None),
    ],
)
def test_the_code_in_an_answer(answer: str, code: str | None):
    assert code_in(answer) == code


class Script:
    """A writer that says its lines in order, and remembers what it was told."""

    def __init__(self, *lines: str | BitsecError) -> None:
        self.lines = list(lines)
        self.told: list[str] = []

    def answer(self, messages):
        self.told.append(messages[-1]["content"])
        line = self.lines.pop(0)
        if isinstance(line, BitsecError):
            raise line
        return line


def rehearse(source: str) -> str:
    """Find fault with whatever has a bug in it."""
    if source == "broken sandbox\n":
        raise SandboxError("no engine")
    return f"line 1 holds a bug\n{source}" if "bug" in source else ""


def fenced(code: str) -> str:
    return f"```python\n{code}\n```"


def test_what_works_at_once_is_taken():
    writer, said = Script(fenced("fine")), []

    assert write_with_llm(offered(), writer, rehearse, attempts=1, log=said.append) == "fine\n"
    assert said == []
    assert writer.told[0].endswith("The prompt it will be given:\n\nImplement reverse_string(s).")


def test_what_does_not_work_is_shown_to_its_author_until_it_does():
    writer, said = Script("No.", fenced("a bug"), fenced("fine")), []

    assert write_with_llm(offered(), writer, rehearse, attempts=3, log=said.append) == "fine\n"
    assert said == [
        "attempt 1 of 3: the answer holds no Python file in a block fenced with ```python",
        "attempt 2 of 3: line 1 holds a bug",
    ]
    assert writer.told[2].startswith("That is not right yet: line 1 holds a bug\na bug\n")


def test_after_the_last_attempt_the_draft_is_handed_over():
    with pytest.raises(NoAgentError) as none:
        write_with_llm(offered(), Script(fenced("bug 1"), "No."), rehearse, attempts=2, log=lambda line: None)

    assert none.value.draft == "bug 1\n"
    assert str(none.value) == (
        "no agent in 2 attempts: the answer holds no Python file in a block fenced with ```python;"
        " try --attempts or another --model"
    )


@pytest.mark.parametrize("failing", [BitsecError("no network"), fenced("broken sandbox")])
def test_a_failure_on_the_way_does_not_lose_the_draft(failing):
    with pytest.raises(NoAgentError, match="no network|no engine") as none:
        write_with_llm(offered(), Script(fenced("bug 1"), failing), rehearse, attempts=3, log=lambda line: None)

    assert none.value.draft in ("bug 1\n", "broken sandbox\n")
