"""The ScaBench cases are what they say, and under any names their checks tell seeing from guessing.

Every check is called here as the plugin calls it, with reports mapped back, on many seeds and without a sandbox.
"""

import contextlib
import functools
import importlib.util
import itertools
import json
import os
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bitsec_eval.core.errors import AnswerFault
from bitsec_eval.core.matching.expected import ExpectedFinding
from bitsec_eval.core.matching.kinds import KINDS
from bitsec_eval.core.proof.prompts import POC_PROMPT
from bitsec_eval.core.reports.finding import TEXT_FIELDS
from bitsec_eval.core.reports.report import AUDIT_PROMPT, MOST_FINDINGS, parse_report
from bitsec_eval.core.tasks.renaming import Renaming, identifiers
from bitsec_eval.core.tasks.variants import Variants
from tests.scabench.published import DATASET, real
from tests.task_suites.scabench.sprays import SPRAYS

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
SUITE = ROOT / "task_suites" / "scabench"
CHEATS = SPRAYS | {path.stem: path.read_text(encoding="utf-8") for path in sorted((HERE / "cheats").glob("*.py"))}
DECLARED = re.compile(r"\bfunction\s+(\w+)")
OWN = re.compile(r"^(?:abstract )?contract (\w+)", re.MULTILINE)


def loaded(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Case:
    """A task as its file states it, with both projects read."""

    def __init__(self, path):
        self.module = loaded(path)
        self.task, self.bug = self.module.TASK, self.module.EXPECTED_FINDING
        self.project, self.twin = (read(SUITE / folder) for folder in (self.task.workspace, self.task.twin))
        self.variants = Variants.read((SUITE / self.task.variants).read_text(encoding="utf-8"), self.task.variants)
        self.checks = [check for name, check in vars(self.module).items() if name.startswith("test_")]

    def points(self, report, twin_report):
        """Return the points of two reports, of 100."""
        weights = {check: weight_of(check) for check in self.checks}
        earned = sum(weight for check, weight in weights.items() if passes(check, report, twin_report))
        return 100 * earned / sum(weights.values())

    def drawn(self, seed):
        """Return both projects as one seed's evaluation has them, under the names that the task knows."""
        sides = enumerate((self.project, self.twin))
        return [self.variants.drawn(files, seed, is_twin=side > 0) for side, files in sides]

    def renaming(self, seed):
        """Return one seed's names."""
        grammar = {"variants": self.variants.names().encode()}
        return Renaming.of_projects(self.task.rename, seed, self.project, self.twin, grammar)

    def run(self, agent, seed, tmp_path, *, varied=True):
        """Return the points of an agent, a function from a folder to its output, in one seed's evaluation.

        Without `varied`, statements are those of the published files.
        """
        renaming = self.renaming(seed)
        reports = []
        for files in self.drawn(seed) if varied else (self.project, self.twin):
            try:
                reports.append(renaming.report(parse_report(agent(written(renaming.project(files), tmp_path)))))
            except AnswerFault:
                return 0
        return self.points(*reports)


def read(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def written(files, tmp_path):
    folder = tmp_path / os.urandom(8).hex()
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


def weight_of(check):
    return next((mark.args[0] for mark in getattr(check, "pytestmark", []) if mark.name == "weight"), 1)


def passes(check, report, twin_report):
    with contextlib.suppress(AssertionError):
        check(report, twin_report)
        return True
    return False


CASES = {path.stem.removeprefix("test_"): Case(path) for path in sorted(SUITE.glob("test_*.py"))}
each_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


def sources(files):
    return {path: content.decode() for path, content in files.items()}


def contracts(files):
    """Return the sources that define the project's own contracts, without interfaces and libraries."""
    return [text for text in sources(files).values() if OWN.search(text)]


@each_case
def test_a_twin_differs_in_one_line_of_the_faulty_file(case):
    assert set(case.project) == set(case.twin)
    assert {path for path in case.project if case.project[path] != case.twin[path]} == {case.bug.file}

    lines, mended = (files[case.bug.file].splitlines() for files in (case.project, case.twin))
    assert sum(one != other for one, other in zip(lines, mended, strict=True)) == 1


@each_case
def test_the_truth_is_in_the_sources(case):
    text = case.project[case.bug.file].decode()

    assert case.bug.contract in OWN.findall(text)
    assert case.bug.functions <= set(DECLARED.findall(text + case.variants.names()))


@each_case
def test_every_other_function_is_a_neighbour(case):
    written = [*contracts(case.project), case.variants.names()]  # a variant's helpers and innocents too
    declared = {name for text in written for name in DECLARED.findall(text)}

    assert set(case.bug.neighbours) == declared - case.bug.functions


@each_case
def test_every_name_that_could_be_remembered_is_renamed(case):
    written = [*contracts(case.project), case.variants.names()]
    known = {name for text in written for name in (*DECLARED.findall(text), *OWN.findall(text))}

    assert known <= set(case.task.rename)


@each_case
def test_nothing_the_agent_sees_tells_the_twins_or_the_case(case):
    told = " ".join([case.task.prompt, *sources(case.project), *sources(case.twin)])

    assert case.task.prompt == AUDIT_PROMPT + POC_PROMPT
    assert not identifiers(AUDIT_PROMPT) & set(case.task.rename)
    assert not re.search(r"vulnerab|twin|fixed|mended|bug", " ".join(sources(case.project)), re.IGNORECASE)
    assert "H-01" not in told


@each_case
def test_a_renamed_project_says_nothing_of_the_old(case):
    for seed in range(20):
        files = sources(case.renaming(seed).project(case.drawn(seed)[0]))
        words = identifiers(" ".join([*files, *files.values()]))

        assert not words & set(case.task.rename)
        assert "//" not in "".join(files.values())


@each_case
@pytest.mark.parametrize("seed", range(8))
def test_the_careful_agent_sees_it_under_any_names(case, seed, tmp_path):
    careful = loaded_careful()

    assert case.run(lambda folder: json.dumps({"findings": careful.audit(folder)}), seed, tmp_path) == 100


def loaded_careful():
    spec = importlib.util.spec_from_file_location("careful", ROOT / "agents" / "careful.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["careful"] = module
    spec.loader.exec_module(module)
    return module


@each_case
@pytest.mark.parametrize("cheat", CHEATS)
def test_a_cheat_passes_no_check_under_any_names(case, cheat, tmp_path):
    def agent(folder):
        command = [sys.executable, "-c", CHEATS[cheat], "--task", case.task.prompt]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout

    assert [case.run(agent, seed, tmp_path) for seed in range(3)] == [0, 0, 0]


def printed(*findings):
    return json.dumps({"findings": findings})


def bare(titles, folder):
    return printed(*({"title": title, "severity": "high"} for title in titles))


def at_files(titles, folder):
    files = itertools.cycle(sorted(read(folder)))
    return printed(*({"title": title, "severity": "high", "file": next(files)} for title in titles))


def at_functions(titles, folder):
    places = itertools.cycle(
        {"file": path, "location": name}
        for path, text in sources(read(folder)).items()
        for name in DECLARED.findall(text)
    )
    return printed(*({"title": title, "severity": "high", **next(places)} for title in titles))


def in_one(titles, folder):
    text = ". ".join(titles)
    return printed({"title": text, "description": text, "severity": "high", "file": sorted(read(folder))[0]})


@real
@each_case
@pytest.mark.parametrize("form", [bare, at_files, at_functions, in_one], ids=lambda form: form.__name__)
def test_the_titles_of_the_whole_dataset_get_no_more_than_an_empty_report(case, form, tmp_path):
    projects = json.loads(DATASET.read_text(encoding="utf-8"))
    titles = [vulnerability["title"] for project in projects for vulnerability in project["vulnerabilities"]]
    empty = case.run(lambda folder: printed(), 0, tmp_path)

    for seed, begin in enumerate(range(0, len(titles), MOST_FINDINGS)):
        shifted = titles[begin:] + titles[:begin]
        assert case.run(functools.partial(form, shifted), seed, tmp_path) <= empty == 0


RANDOM = random.Random(5)
WORDS = [
    *KINDS,
    "reentrancy",
    "anyone",
    "fee",
    "owner",
    "src/Main.sol",
    "withdraw",
    "deposit",
    "collect",
    "accounting",
]
UNSEEN = {
    "one_vague_finding": [{"title": "Reentrancy may exist everywhere", "severity": "high"}],
    "ten_thousand_random_findings": [
        {name: " ".join(RANDOM.choices(WORDS, k=3)) for name in TEXT_FIELDS} for _ in range(10_000)
    ],
}


@each_case
@pytest.mark.parametrize("findings", UNSEEN.values(), ids=UNSEEN)
def test_what_was_never_looked_for_gets_no_more_than_an_empty_report(case, findings, tmp_path):
    empty = case.run(lambda folder: printed(), 0, tmp_path)

    assert case.run(lambda folder: printed(*findings), 0, tmp_path) <= empty == 0


HONEST = {
    "crestal_network_h01": [
        ("Missing access control on {f}: anyone can transfer tokens from any user who approved the contract",
         "Access Control"),
        ("Arbitrary `from` in `{f}` lets attackers steal approved tokens", "arbitrary-send-erc20"),
        ("{f} should be internal", "Improper visibility"),
        ("{f}() is public and does not verify that the payer is msg.sender", "Logic error"),
        ("Unauthorized spending of allowances through {f}", "Authorization"),
        ("Unrestricted payment helper", "Missing Authorization / Loss of funds"),
        ("Public payment function allows draining of approved allowances", "business logic"),
    ],
    "liquid_ron_h01": [
        ("Accrued operator fee is included in {f}", "Accounting error"),
        ("{f} overstates the assets by the uncollected fee", "Incorrect share price calculation"),
        ("The operator's cut is not deducted from {f}, so new depositors overpay", "logic"),
        ("Share price ignores the fee liability", "Accounting / share price manipulation"),
        ("Double counting of operator fees inflates total assets", "Business logic"),
        ("Incorrect accounting of pending fees dilutes late depositors", "improper accounting"),
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "title", "kind"), [(name, *words) for name, honest in HONEST.items() for words in honest]
)
def test_an_honest_finding_is_recognised_in_many_words(name, title, kind):
    case = CASES[name]

    assert (
        case.points(reported(case.bug, title=title, vulnerability_type=kind), parse_report('{"findings": []}')) == 100
    )


NEAR = [
    ("Reentrancy in {f}", "reentrancy"),
    ("{f} is vulnerable to a denial of service", "DoS"),
    ("Unchecked return value in {f}", "Unchecked return value"),
    ("Missing zero address check in {f}", "input validation"),
    ("Rounding in {f} favours the user", "precision loss"),
    ("Fee-on-transfer tokens break {f}", "token compatibility"),
    ("The first depositor can inflate the price through {f}", "inflation attack"),
    ("{f} can be sandwiched", "front-running"),
]


@each_case
@pytest.mark.parametrize(("title", "kind"), NEAR)
def test_the_right_function_of_a_wrong_kind_gets_only_the_place(case, title, kind):
    assert (
        0
        < case.points(reported(case.bug, title=title, vulnerability_type=kind), parse_report('{"findings": []}'))
        < 20
    )


@each_case
def test_the_right_kind_at_a_wrong_function_gets_nothing(case):
    for neighbour in case.bug.neighbours:
        report = reported(case.bug, title=HONEST_TITLES[case.bug.contract], location=neighbour)

        assert case.points(report, parse_report('{"findings": []}')) == 0


HONEST_TITLES = {
    "Payment": "Anyone can spend approved tokens",
    "LiquidRon": "The fee is not deducted: accounting error",
}


@each_case
def test_what_is_said_of_both_twins_gets_nothing(case):
    report = reported(case.bug, title=HONEST_TITLES[case.bug.contract])

    assert case.points(report, parse_report('{"findings": []}')) == 100
    assert case.points(report, report) == 0


def reported(bug: ExpectedFinding, **changes):
    """Return a report of one finding at the right place, with {f} for the function in its title."""
    fields = {"title": "", "severity": "high", "file": bug.file, "location": bug.function} | changes
    fields["title"] = fields["title"].replace("{f}", bug.function)
    return parse_report(json.dumps({"findings": [fields]}))
