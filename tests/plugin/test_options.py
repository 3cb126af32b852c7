"""Every option works on the command line and in pytest.ini, and the page that lists them is current."""

import sys
from pathlib import Path

import pytest
from plugin.evaluations import GOOD, REVERSE_TASK, lay_out, run

from bitsec_eval.core.errors import SettingsError
from bitsec_eval.plugin.config.option import Option, OptionValues, flag, words
from bitsec_eval.plugin.config.options import OPTIONS, SECTIONS, options_of
from bitsec_eval.plugin.config.reference import configuration_page

PAGE = Path(__file__).parents[2] / "docs/configuration.md"


def told(pytester: pytest.Pytester, *arguments: str, ini: str = "") -> OptionValues:
    (pytester.path / "pytest.ini").write_text(f"[pytest]\n{ini}")
    return options_of(pytester.parseconfig("-p", "bitsec_eval.plugin", *arguments))


def test_the_page_is_what_the_table_says():
    command = "python -m bitsec_eval.plugin.config.reference > docs/configuration.md"

    assert PAGE.read_text() == configuration_page(), f"run {command}"


def test_every_name_is_there_once():
    names = [option.name for option in OPTIONS]

    assert len(set(names)) == len(names) == sum(len(section) for section in SECTIONS.values())


def test_an_ini_value_counts_until_the_command_line_says_otherwise(pytester: pytest.Pytester):
    ini = "bitsec_jobs = 2\nbitsec_reuse = yes\nbitsec_accept_weaker = seccomp, swap\nbitsec_results = out\n"

    assert told(pytester, ini=ini).value("jobs") == 2
    assert told(pytester, "--bitsec-jobs=3", ini=ini).value("jobs") == 3
    assert told(pytester, ini=ini).value("reuse") is True
    assert told(pytester, ini=ini).value("accept-weaker") == ("seccomp", "swap")
    assert told(pytester, ini=ini).path("results") == pytester.path / "out"


def test_a_repeated_option_is_a_list(pytester: pytest.Pytester):
    values = told(pytester, "--bitsec-accept-weaker=swap", "--bitsec-accept-weaker=seccomp")

    assert values.value("accept-weaker") == ("swap", "seccomp")


@pytest.mark.parametrize(
    ("ini", "arguments", "name", "words"),
    [
        ("bitsec_jobs = many", (), "jobs", "bitsec_jobs many: not a whole number; try bitsec_jobs=1"),
        ("", ("--bitsec-fail-under=x",), "fail-under", "--bitsec-fail-under x: not a number"),
        ("bitsec_reuse = perhaps", (), "reuse", "bitsec_reuse perhaps: not true or false"),
        ("bitsec_rewards = fair", (), "rewards", "bitsec_rewards fair: choose one of"),
    ],
)
def test_a_value_that_is_none_is_refused_by_the_name_it_was_given_under(
    pytester: pytest.Pytester, ini: str, arguments: tuple[str, ...], name: str, words: str
):
    with pytest.raises(SettingsError, match=f"^{words}"):
        told(pytester, *arguments, ini=ini).value(name)


def test_an_environment_variable_comes_last(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch):
    option = Option("seed", int, 1, "N", "a seed", environment="A_SEED")
    config = pytester.parseconfig("-p", "bitsec_eval.plugin")
    monkeypatch.setenv("A_SEED", "7")

    assert OptionValues(config, [option]).value("seed") == 7
    config.option.bitsec_seed = "9"
    assert OptionValues(config, [option]).value("seed") == 9


def test_words_and_flags():
    assert words("a, b  c") == ("a", "b", "c")
    assert flag("off") is False


def test_a_misspelt_name_in_pytest_ini_is_an_error(tmp_path: Path):
    lay_out(tmp_path, {"good": GOOD}, {"suite/test_reverse.py": REVERSE_TASK})
    (tmp_path / "pytest.ini").write_text("[pytest]\nbitsec_agents = agents\nbitsec_llm_cals = 3\n")

    ran = run(tmp_path, sys.executable, "-m", "pytest")

    assert ran.status == 4
    assert "no option bitsec_llm_cals; did you mean bitsec_llm_calls?" in ran.output


@pytest.mark.usefixtures("docker_cli")
def test_an_evaluation_can_be_written_down_whole(tmp_path: Path):
    lay_out(tmp_path, {"good": GOOD}, {"suite/test_reverse.py": REVERSE_TASK})
    (tmp_path / "pytest.ini").write_text("[pytest]\nbitsec_agents = agents\nbitsec_jobs = 2\nbitsec_seed = 5\n")
    (tmp_path / "deeper").mkdir()

    ran = run(tmp_path / "deeper", sys.executable, "-m", "pytest", "..")

    assert "bitsec-eval: agents: 1, jobs: 2, --bitsec-seed=5" in ran.lines
    assert "1  good  100.0  reward: 100.00 TAO" in ran.lines, ran.output
