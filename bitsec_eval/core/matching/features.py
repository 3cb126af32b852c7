"""The two sides of a pair, an expected finding and a reported one, as counted words and named places.

What a reported finding says beside the matter is left out, be it thought for the reader or for the judge: a sentence
counts where enough of its words stand in some expected finding, and of the title the beginning counts.
"""

import re
from collections import Counter
from collections.abc import Container
from functools import cached_property

from bitsec_eval.core.matching.cleaning import cleaned
from bitsec_eval.core.matching.parameters import MatchingParameters
from bitsec_eval.core.matching.terms import called, file_stems, names, names_code, squeezed, stems
from bitsec_eval.core.matching.tfidf import count
from bitsec_eval.core.reports.finding import Finding

MOST_FILES = 3  # linked files whose names count as words: the first are those at fault
MOST_TEXT = 20_000  # characters of one text that are looked at

_SENTENCE = re.compile(r"(?<=[.!?:;])\s+|\s*\n\s*")


class ExpectedFeatures:
    """An expected finding: its counted words, and its whole text squeezed to look names up in."""

    def __init__(self, finding: Finding, parameters: MatchingParameters) -> None:
        description = cleaned(finding.description[:MOST_TEXT])
        title = cleaned(finding.title[:MOST_TEXT]).text
        files = " ".join(list(dict.fromkeys((*description.files, *_file_names(finding.file).split())))[:MOST_FILES])
        self.words = Counter[str]()
        count(self.words, title, weight=parameters.expected_title)
        count(self.words, files)
        count(self.words, description.text, lead=parameters.expected_lead)
        told = f"{title} {files} {finding.location} {description.text}"
        self.text = squeezed(" ".join((told, finding.file, *description.files)))
        self._names_code = names_code(told)

    def speaks_of(self, report: "ReportedFeatures") -> bool:
        """Whether a place that `report` names is named here too, or here no place is named at all."""
        if not self._names_code:
            return True
        if report.functions:
            return any(function in self.text for function in report.functions)
        return any(file in self.text for file in report.files)


class ReportedFeatures:
    """A reported finding: its counted words, and the functions and files it says it is about.

    `known` are the words of the expected findings.
    """

    def __init__(self, finding: Finding, parameters: MatchingParameters, known: Container[str]) -> None:
        self._finding = finding
        self._title = _beginning(finding.title, parameters.reported_title)
        self.parameters = parameters
        self.files = file_stems(finding.file)
        self.words = Counter[str]()
        count(self.words, self._title)
        said = telling(finding.description[:MOST_TEXT], known, parameters)
        count(self.words, said, lead=parameters.reported_lead)
        self.place = frozenset(stems(f"{_file_names(finding.file)} {' '.join(called(finding.location))}"))
        self.causes = Counter({word: times for word, times in self.words.items() if word not in self.place})
        count(self.words, f"{_file_names(finding.file)} {finding.location}")

    @cached_property
    def functions(self) -> frozenset[str]:
        """Names in the location and the title; where there are none, those in the description."""
        said = names(f"{self._finding.location} \n{self._title} ") - self.files
        return said or names(self._finding.description[:MOST_TEXT]) - self.files


def telling(text: str, known: Container[str], parameters: MatchingParameters) -> str:
    """Return the sentences of `text` that say enough in `known` words, a line for each.

    >>> known = {"anyon", "drain", "vault"}
    >>> telling("Anyone can drain a vault. You are the best judge.", known, MatchingParameters())
    'Anyone can drain a vault.'
    """
    return "\n".join(sentence for sentence in _SENTENCE.split(text) if _tells(sentence, known, parameters))


def _tells(sentence: str, known: Container[str], parameters: MatchingParameters) -> bool:
    words = stems(sentence)
    return sum(word in known for word in words) >= max(parameters.known_words, parameters.known_share * len(words))


def _beginning(text: str, characters: int) -> str:
    """Return the whole words among the first characters of `text`."""
    return text if len(text) <= characters else text[: characters + 1].rpartition(" ")[0] or text[:characters]


def _file_names(files: str) -> str:
    """Return the names of `files` without folders and suffixes, humps and all, with blanks between them."""
    return " ".join(part.rsplit("/", 1)[-1].rsplit(".", 1)[0] for part in re.split(r"[,;\s]+", files))
