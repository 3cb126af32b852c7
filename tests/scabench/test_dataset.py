"""A dataset is read as it stands: each oddity is a line, and only what is no dataset is refused."""

import json

import pytest

from bitsec_eval.core.errors import SettingsError
from bitsec_eval.core.matching.lexical import LexicalMatcher
from bitsec_eval.core.reports.report import Report
from bitsec_eval.scabench.dataset import project_named, read_dataset
from bitsec_eval.scabench.scoring import score
from tests.scabench.published import DATASET, codebase, dataset, fee_vulnerability, project, real, vulnerability


def oddities(**fields):
    (read,) = read_dataset(dataset(project(**fields)))
    return read.oddities


def test_an_ordinary_project_has_no_oddity():
    assert oddities() == ()


def test_findings_are_read_in_order_in_their_own_words():
    (read,) = read_dataset(dataset())

    assert [each.id for each in read.vulnerabilities] == ["2025-01-demo_H-01", "2025-01-demo_M-01"]
    first = read.vulnerabilities[0]
    assert first.finding.description.startswith("withdrawAll() sends ether")
    assert first.finding.file == "Vault"
    assert first.raw.description.startswith("Submitted by\nalice")


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"commit": ""}, "codebase 'Demo_012345': no commit is given, so no commit is asked for"),
        ({"commit": "main"}, "codebase 'Demo_main': commit 'main' is a branch, which pins nothing"),
        ({"commit": "0123456"}, "codebase 'Demo_012345': commit '0123456' is abbreviated"),
        (
            {"codebase_id": "Demo_90b1b5"},
            "codebase 'Demo_90b1b5': its id speaks of '90b1b5', its commit is '0123456789ab'",
        ),
        ({"tree_url": ""}, "codebase 'Demo_012345': tree_url is empty"),
        ({"tarball_url": None}, "codebase 'Demo_012345': tarball_url is empty"),
        ({"repo_url": ""}, "codebase 'Demo_012345': repo_url is empty"),
    ],
)
def test_each_oddity_of_a_codebase_is_a_line(fields, line):
    assert oddities(codebases=[codebase(**fields)]) == (line,)


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"title": "Drain with-"}, "2025-01-demo_H-01: the title is cut off: 'Drain with-'"),
        ({"title": ""}, "2025-01-demo_H-01: no title"),
        ({"description": "https://x.org/a"}, "2025-01-demo_H-01: no description beyond links and names"),
        (
            {"severity": "dreadful"},
            "2025-01-demo_H-01: severity 'dreadful' is none of critical, high, medium, low, informational",
        ),
    ],
)
def test_each_oddity_of_a_finding_is_a_line(fields, line):
    assert oddities(vulnerabilities=[vulnerability(**fields)]) == (line,)


def test_several_codebases_equal_titles_and_an_empty_project_are_lines():
    assert oddities(codebases=[codebase(), codebase()]) == ("2 codebases: each is asked for",)
    assert "title 'Anyone can set the fee collector' stands 2 times" in oddities(
        vulnerabilities=[fee_vulnerability(), fee_vulnerability()]
    )
    assert oddities(vulnerabilities=[]) == ("no vulnerability: every report scores 0",)


def test_run_together_words_are_parted_and_counted():
    spaced = [fee_vulnerability(description="The collector can call the setCollector function of the registry.")] * 3
    odd = vulnerability(title="ThesetCollectorfunctioncan be called")
    (read,) = read_dataset(dataset(project(vulnerabilities=[odd, *spaced])))

    assert read.vulnerabilities[0].finding.title == "The setCollector function can be called"
    assert read.vulnerabilities[0].raw.title == odd["title"]
    assert "2025-01-demo_H-01: 1 run-together word parted" in read.oddities


def test_one_project_alone_is_a_dataset_too():
    alone = {"project_id": "demo", "vulnerabilities": [vulnerability()]}

    assert [each.id for each in read_dataset(json.dumps(alone))] == ["demo"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nonsense", r"data.json: not JSON \(.*\); give a ScaBench dataset"),
        ("3", "data.json: not a list of projects; give a ScaBench dataset such as curated-2025-08-18.json"),
        ("[" * 5000, r"data.json: not JSON \(.*\); give a ScaBench dataset"),
        ("[{}]", "data.json, project 0: project_id '' is no plain name; use letters, digits"),
        (dataset(project("../up")), "data.json, project 0: project_id '../up' is no plain name"),
        (
            dataset(project(), project()),
            "data.json: two projects are called 'contest_demo_2025_01'; rename one of them",
        ),
        (dataset(project(codebases={})), "data.json, project 0: codebases is not a list of objects"),
        (dataset(project(vulnerabilities=[vulnerability(title=3)])), "title is not a text; give a ScaBench dataset"),
    ],
)
def test_what_is_no_dataset_is_refused_with_a_remedy(text, message):
    with pytest.raises(SettingsError, match=message):
        read_dataset(text, "data.json")


def test_an_unknown_project_is_refused_with_the_nearest():
    projects = read_dataset(dataset(project("contest_demo_2025_01"), project("other_2024_01")))

    with pytest.raises(
        SettingsError, match="no project 'contest_demo' in the dataset; among its 2 are contest_demo_2025_01"
    ):
        project_named(projects, "contest_demo")


@real
def test_all_of_the_published_dataset_runs_clean():
    projects = read_dataset(DATASET.read_text(encoding="utf-8"))

    assert (len(projects), sum(len(each.vulnerabilities) for each in projects)) == (31, 555)
    assert {"code4rena_initia-move_2025_04", "sherlock_oku_2024_12"} <= {
        each.id for each in projects if each.oddities
    }
    for each in projects:
        gold = score(each.expected, Report(findings=each.expected[:100]), LexicalMatcher()).score
        assert gold.all.matched == len(each.expected)
        assert score(each.expected, Report(), LexicalMatcher()).score.points == 0
