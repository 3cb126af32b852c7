"""docs/scoring.md tells the truth: its example runs, and every option it names exists."""

import re
from pathlib import Path

from bitsec_eval.cli import main
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
