"""Nothing an agent does changes another's score: every attack ends as it says, beside honest agents who lose nothing.

The short form judges the whole corpus once among five honest agents; BITSEC_LONG=1 does so three times, with the
agents in another order each time.
"""

import re

import pytest
from faults.leftovers import containers
from hostile.corpus import Attack, attacks
from hostile.evaluation import HONEST, Judged, judge
from long import LONG

pytestmark = pytest.mark.usefixtures("docker_cli")

CORPUS = attacks()
REPEATS = 3 if LONG else 1
_RAW = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Judged:
    return judge(tmp_path_factory.mktemp("alone") / "x", [])


@pytest.fixture(scope="module", params=range(REPEATS))
def mixed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Judged:
    return judge(tmp_path_factory.mktemp("mixed") / "x", CORPUS, f"--bitsec-jobs={3 + request.param}")


def test_there_are_sixty_attacks_and_each_says_what_stops_it():
    assert len(CORPUS) >= 60
    assert all(attack.attack and attack.guard for attack in CORPUS)
    assert len({attack.agent for attack in CORPUS} | set(HONEST)) == len(CORPUS) + len(HONEST)


def test_honest_agents_alone_get_what_they_deserve(alone: Judged):
    scores = {name: alone.rows[name]["score"] for name in HONEST}

    assert scores == dict.fromkeys(HONEST, 100.0) | {"f_half": 50.0}, alone.ran.output


def test_no_honest_agent_loses_anything_among_the_attackers(alone: Judged, mixed: Judged):
    assert mixed.vector() == alone.vector()


def test_no_attack_makes_a_run_void_or_incomplete_or_stops_the_evaluation(mixed: Judged):
    unscored = {name for name, row in mixed.rows.items() if row["runs"] != {"scored": 1, "void": 0, "incomplete": 0}}

    assert unscored == set()
    assert mixed.ran.status == 0, mixed.ran.output


@pytest.mark.parametrize("attack", CORPUS, ids=lambda attack: attack.id)
def test_an_attack_ends_as_expected_and_gains_nothing(mixed: Judged, attack: Attack):
    told = mixed.runs[attack.agent]

    assert told["ending"] in attack.ending.split(" or "), told
    assert "PWNED" not in told["stdout"], told["stdout"]
    assert told["score"] == attack.score, told
    assert attack.reason in " ".join(told["reasons"].values()), told["reasons"]


def test_what_attackers_print_reaches_neither_terminal_nor_results_raw(mixed: Judged):
    folder = mixed.ran.folder / "results"
    texts = [path.read_text("utf-8") for path in folder.rglob("*") if path.is_file()]

    for text in (*texts, mixed.ran.output):
        assert _RAW.search(text) is None
        assert "\x1b]" not in text
    assert sum(map(len, texts)) < 40 << 20


def test_expected_values_are_in_nothing_a_miner_reads(mixed: Judged):
    for path in (mixed.ran.folder / "results/runs").rglob("*.json"):
        assert "expected-canary" not in path.read_text("utf-8")


def test_no_container_is_left(mixed: Judged):
    assert containers(mixed.ran.folder) == []
