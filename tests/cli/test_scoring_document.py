"""docs/scoring.md tells the truth: its example runs, and every option it names exists."""

import re
from decimal import Decimal
from pathlib import Path

import pytest

from bitsec_eval.cli import main
from bitsec_eval.core.scoring.paying.contender import Contender
from bitsec_eval.core.scoring.paying.progress import DAY_SECONDS
from bitsec_eval.core.scoring.rewards import RULE_NAMES, RewardTerms, reward
from tests.junit_files import JunitFile

DOCUMENT = Path(__file__).parents[2] / "docs" / "scoring.md"


def test_the_python_example_prints_a_board(tmp_path, monkeypatch, capsys):
    (example,) = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), flags=re.DOTALL)
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "junit.xml").write_bytes(JunitFile().run("careful", "t", ["passed"]).text)
    monkeypatch.chdir(tmp_path)

    exec(compile(example, str(DOCUMENT), "exec"), {})
    assert capsys.readouterr().out == "1  careful  100.0  reward: 7200.00 TAO\n"


def test_the_options_it_names_are_those_of_the_command(capsys):
    (usage,) = re.findall(r"```\n(bitsec-eval .*?)\n```", DOCUMENT.read_text())
    try:
        main(["leaderboard", "--help"])
    except SystemExit:
        told = capsys.readouterr().out

    assert set(re.findall(r"--[a-z-]+", usage)) == set(re.findall(r"(?<=[\[ ])--[a-z-]+", told)) - {"--help"}


TERMS = {
    "improvement": RewardTerms(baseline=50.0),
    "progress": RewardTerms(baseline=40.0, half_life=7.0, now=15.0 * DAY_SECONDS),
    "proof": RewardTerms(awards={"reentrancy": 9000.0, "rounding": 3000.0, "overflow": 500.0}),
}
NOBODY = "undistributed"


def section(rule):
    """Return the worked example of a rule: a row for each agent, by the heads of its columns."""
    (text,) = re.findall(rf"^### `{rule}`\n(.*?)(?=^##)", DOCUMENT.read_text(), re.DOTALL | re.MULTILINE)
    lines = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    head, _, *rows = [[cell.strip() for cell in line] for line in lines]
    return [dict(zip(head, row, strict=True)) for row in rows]


def contender(row):
    score, cost = float(row.get("score", 0)), float(row.get("cost", "$0").strip("$"))
    proofs = frozenset(row["proves"].split(", ")) if "proves" in row else frozenset()
    return Contender(
        low=score,
        high=score,
        cheapest=cost,
        dearest=cost,
        proven=proofs,
        provable=proofs,
        since=float(row.get("handed in", "day 0").removeprefix("day ")) * DAY_SECONDS,
        group=int(row["group"]) if "group" in row else None,
    )


@pytest.mark.parametrize("rule", sorted({*RULE_NAMES} - {"score"}))
def test_the_worked_example_of_a_rule_is_what_it_pays(rule):
    rows = section(rule)
    field = {row["agent"]: contender(row) for row in rows if row["agent"] != NOBODY}
    copies = [row["agent"] for row in rows if row.get("answers as")]

    paid = reward(field, emission=Decimal(100), rule=rule, terms=TERMS.get(rule), copies=copies)
    shown = {row["agent"]: Decimal(row["earns"]) for row in rows}
    assert shown.pop(NOBODY, 0) == paid.undistributed
    assert shown == paid.amounts


def test_every_rule_is_in_the_table_and_on_the_command_line(capsys):
    with pytest.raises(SystemExit):
        main(["leaderboard", "--help"])
    told = capsys.readouterr().out

    for rule in RULE_NAMES:
        assert f"\n| `{rule}` |" in DOCUMENT.read_text()
        assert rule in told
