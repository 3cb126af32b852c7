"""Agents that answer alike are found, whoever is right by himself is not, and a group is paid once: its earliest."""

from datetime import UTC, datetime
from random import Random

import pytest

from bitsec_eval.core.agents.behaviour import alike, by_age, first_alike, print_of, read_print, shares_of
from bitsec_eval.core.scoring.leaderboard import leaderboard
from tests.junit_files import JunitFile

P, F = "passed", "failed"

SORTING = '''
def sort_words(words):
    """Sort them."""
    counts = {}
    for word in words:
        counts[word.lower()] = counts.get(word.lower(), 0) + 1
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    result = []
    for word, count in ordered:
        if count > 1 and word not in result:
            result.append(f"{word}:{count}")
        elif count == 1:
            result.insert(0, word)
    return result
'''
RENAMED = SORTING.replace("counts", "tally").replace("ordered", "xs").replace('"""Sort them."""', "# 0a1b2c salted")
OTHER = """
from collections import Counter

def sort_words(words):
    tally = Counter(map(str.lower, words))
    once = [w for w in tally if tally[w] == 1]
    more = [f"{w}:{n}" for w, n in tally.most_common() if n > 1]
    return list(reversed(once)) + more
"""
WORDS = ("anyone", "can", "call", "mint", "drain", "the", "vault", "owner", "before", "check", "state")
SHORT = "def reverse_string(s):\n    return s[::-1]\n"


def prints(*answers: str, code: bool = True):
    return {f"t{number}": read_print(print_of(answer, code=code)) for number, answer in enumerate(answers)}


def report(seed: int, words: int = 60) -> str:
    random = Random(seed)
    return " ".join(random.choice(WORDS) for _ in range(words))


def test_a_renamed_and_salted_copy_is_alike():
    assert alike(prints(SORTING, SORTING), prints(RENAMED, RENAMED))


def test_two_ways_to_be_right_are_not_alike():
    assert not alike(prints(SORTING, SORTING), prints(OTHER, OTHER))


def test_equal_short_answers_say_nothing():
    assert not alike(prints(SHORT, SHORT, SHORT), prints(SHORT, SHORT, SHORT))


def test_many_equal_answers_say_much():
    every = [f"def f_{number}(s):\n    return s[::{number}] + 'of {number}'\n" for number in range(12)]

    assert alike(prints(*every), prints(*every))


def test_reports_in_other_words_are_not_alike():
    one, other = (prints(report(seed), report(seed + 9), code=False) for seed in (1, 2))

    assert alike(one, prints(report(1), report(10), code=False))
    assert not alike(one, other)


def test_nothing_of_an_answer_is_in_its_print():
    told = print_of("a secret answer of many words " * 30, code=False)

    assert all(character in "0123456789abcdef." for character in told)
    assert len(told) < 240


@pytest.mark.parametrize("wrong", ["1.2.3", "x", "5.0123456789abcdef.zz", "12345678.0123456789abcdef."])
def test_what_is_no_print_is_refused(wrong):
    with pytest.raises(ValueError, match="not the print of an answer"):
        read_print(wrong)


def test_copies_of_copies_are_copies_of_the_first():
    answers = {
        name: {"t": print_of(text * 2, code=True)}
        for name, text in (("a", OTHER), ("b", SORTING), ("c", RENAMED), ("d", SORTING))
    }

    assert first_alike(answers, ["b", "a", "c", "d"]) == {"c": "b", "d": "b"}
    assert first_alike(answers, ["d", "c", "a", "b"]) == {"c": "d", "b": "d"}


def test_a_crowd_of_copies_hides_nobody():
    answers = {f"sybil{n:03}": {"t": print_of(RENAMED * 2 + f"\n# {n}", code=True)} for n in range(300)}
    answers |= {"victim": {"t": print_of(SORTING * 2, code=True)}}

    assert first_alike(answers, ["victim", *sorted(answers.keys() - {"victim"})]) == {
        name: "victim" for name in answers if name != "victim"
    }


def at(hour: int) -> datetime:
    return datetime(2026, 1, 1, hour, tzinfo=UTC)


def test_the_earliest_of_a_group_has_all_of_it():
    since = {"a": at(3), "b": at(1), "c": at(2), "d": None}

    assert by_age(since) == ["b", "c", "a", "d"]
    assert shares_of({"a": "b", "c": "b"}, since) == {"b": 1, "a": 0, "c": 0}


def test_who_cannot_be_told_apart_by_age_shares():
    assert shares_of({"b": "a"}, {"a": at(1), "b": at(1)}) == {"a": 2, "b": 2}
    assert shares_of({"b": "a"}, {"a": None, "b": None}) == {"a": 2, "b": 2}


def board(**settings):
    file = JunitFile(settings={"submitted": {"victim": "2026-01-01T01:00:00Z", "aaa": "2026-01-01T02:00:00Z"}})
    for agent, text in (("victim", SORTING), ("aaa", RENAMED), ("other", OTHER)):
        file.run(agent, "t", [P], print=print_of(text * 2, code=True))
    return leaderboard([file.read()], **settings)


def test_the_board_says_who_answered_as_whom():
    assert {row.agent: row.alike for row in board().rows} == {"victim": "", "aaa": "victim", "other": ""}
    assert board().notes == ("aaa answered as victim did, which was first",)


def test_a_group_is_paid_once():
    paid = {row.agent: str(row.reward) for row in board(rewards="distinct").rows}

    assert paid == {"victim": "50.00", "aaa": "0.00", "other": "50.00"}
    assert sorted(str(row.reward) for row in board(rewards="score").rows) == ["33.33", "33.33", "33.34"]


def test_more_names_gain_nothing_and_cost_others_nothing():
    def paid(names):
        file = JunitFile(settings={"rewards": "distinct"}).run(
            "other", "t", [P], print=print_of(OTHER * 2, code=True)
        )
        for number in range(names):
            file.run(f"sybil{number}", "t", [P], print=print_of(SORTING * 2 + f"# {number}", code=True))
        rows = leaderboard([file.read()], emission="100").rows
        return {row.agent: row.reward for row in rows}

    assert paid(1) == {"other": 50, "sybil0": 50}
    assert paid(9)["other"] >= 50
