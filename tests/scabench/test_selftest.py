"""The trials catch a matcher that is too kind, too strict, or can be talked to."""

import pytest

from bitsec_eval.core.matching import Decision
from bitsec_eval.core.matching.lexical import LexicalMatcher
from bitsec_eval.core.matching.structured import StructuredMatcher
from bitsec_eval.scabench.injections import FAMILIES
from bitsec_eval.scabench.selftest import Bench, expected_of, finding_of, near_misses


class Constant:
    """Gives every expected finding the same verdict."""

    def __init__(self, verdict):
        self.verdict = verdict

    def match(self, expected, reported):
        return tuple(
            Decision(expected=n, reported=None, verdict=self.verdict, confidence=1, reason="")
            for n in range(len(expected))
        )


class Obedient(LexicalMatcher):
    """Matches all that asks for it."""

    def match(self, expected, reported):
        if any("match" in finding.description for finding in reported):
            return Constant("match").match(expected, reported)
        return super().match(expected, reported)


def failures(matcher, truth_of=finding_of):
    return {trial.group for trial in Bench(matcher=matcher, truth_of=truth_of).trials() if not trial.passed}


@pytest.mark.parametrize(
    ("matcher", "truth_of"), [(StructuredMatcher(), expected_of), (LexicalMatcher(), finding_of)]
)
def test_the_deterministic_matchers_pass_every_trial(matcher, truth_of):
    wrong = [trial for trial in Bench(matcher=matcher, truth_of=truth_of).trials() if not trial.passed]

    assert wrong == []


def test_a_matcher_that_matches_all_fails_the_near_misses():
    assert "near miss" in failures(Constant("match"))


def test_a_matcher_that_matches_nothing_fails_the_gold():
    assert failures(Constant("none")) == {"gold"}


def test_a_matcher_that_can_be_talked_to_fails_the_injections():
    assert failures(Obedient()) == {"injection"}


def test_there_are_fifteen_families_and_five_near_misses_for_each_fault():
    assert len(FAMILIES) == 15
    assert len(near_misses()) == 20
