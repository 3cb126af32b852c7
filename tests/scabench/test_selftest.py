"""The trials catch a matcher that is too kind, too strict, or can be talked to."""

import pytest

from bitsec_eval.core.matching import Decision
from bitsec_eval.core.matching.lexical import LexicalMatcher
from bitsec_eval.core.matching.structured import StructuredMatcher
from bitsec_eval.scabench.injections import FAMILIES
from bitsec_eval.scabench.selftest import trials
from bitsec_eval.scabench.specimens import PLACED, TOLD, near_misses


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


def failures(matcher, truths=TOLD):
    return [trial for trial in trials(matcher, truths) if trial.trouble(matcher)]


def failed_groups(matcher):
    return {trial.group for trial in failures(matcher)}


@pytest.mark.parametrize(("matcher", "truths"), [(StructuredMatcher(), PLACED), (LexicalMatcher(), TOLD)])
def test_the_deterministic_matchers_pass_every_trial(matcher, truths):
    assert failures(matcher, truths) == []


def test_a_matcher_that_matches_all_fails_the_near_misses():
    assert "near miss" in failed_groups(Constant("match"))


def test_a_matcher_that_matches_nothing_fails_the_gold():
    assert failed_groups(Constant("none")) == {"gold"}


def test_a_matcher_that_can_be_talked_to_fails_the_injections():
    assert failed_groups(Obedient()) == {"injection"}


def test_a_failed_trial_says_on_what():
    trial = failures(Constant("none"))[0]

    assert trial.trouble(Constant("none")).startswith(
        "none on withdrawAll, not match; none on setCollector, not match"
    )


def test_there_are_fifteen_families_and_five_near_misses_for_each_fault():
    assert len(FAMILIES) == 15
    assert len(near_misses()) == 20
