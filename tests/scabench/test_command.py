"""`bitsec-eval scabench ...`: what it prints, and what it says when something is wrong."""

import json

import pytest

from bitsec_eval.cli import main
from tests.scabench.published import checkout, codebase, dataset, fee_finding, finding, noise, project, report

NAME = "contest_demo_2025_01"


@pytest.fixture(autouse=True)
def no_judge(monkeypatch):
    monkeypatch.delenv("BITSEC_JUDGE_MODEL", raising=False)


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "dataset.json"
    path.write_text(dataset(project(), project("other_2025_02")))
    return path


def written(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_score_explains_every_decision(tmp_path, data, capsys):
    path = written(tmp_path / "r.json", report(finding(), *noise(1)))

    assert main(["scabench", "score", str(path), "--project", NAME, "--dataset", str(data)]) == 0
    shown = capsys.readouterr().out
    assert "match   2025-01-demo_H-01 (high) Depositors can drain the Vault by re-entering withdrawAll\n" in shown
    assert "is reported finding 0: Reentrancy in withdrawAll lets an attacker drain the vault\n" in shown
    assert "none    2025-01-demo_M-01 (medium) Anyone can set the fee collector\n" in shown
    assert "credited to nothing: reported findings 1\n" in shown
    assert shown.endswith(
        "66.7 points; detection 50.0% (1 of 2), of grave ones 100.0% (1 of 1); 0 partial, 1 false positives; "
        "precision 50.0%, F1 50.0%; PASS\n"
    )


def test_the_project_may_be_named_by_the_report(tmp_path, data, capsys):
    path = written(tmp_path / "r.json", json.dumps({"project": NAME, "findings": [finding()]}))

    assert main(["scabench", "score", str(path), "--dataset", str(data)]) == 0
    assert f"on {NAME}" in capsys.readouterr().out


def test_several_runs_are_compared_and_their_passes_counted(tmp_path, data, capsys):
    good = written(tmp_path / "good.json", report(finding()))
    bad = written(tmp_path / "bad.json", report())

    assert main(["scabench", "score", str(good), str(bad), str(good), "--project", NAME, "--dataset", str(data)]) == 0
    assert capsys.readouterr().out.endswith(f"{NAME}: PASS in 2 of 3 runs\n")


NO_REPORTS = {
    "": "the report is not there",
    "I found nothing\x1b[31m": "the report is not JSON",
    report(finding())[:-9]: "the report is not JSON",
    '{"project_id": "x"}': "the report is not a list of findings: it holds only 'project_id'",
    "[]x": "the report is not JSON",
    '[{"is_match": false, "explanation": "no"}]': "none of its 1 entries has a title, a description",
    '[{"Severity": "High"}, {}]': "none of its 2 entries has a title, a description or a location; give",
    '{"success": true, "results": {"detectors": [{"check": "reentrancy-eth"}]}}': "no description and no elements",
    '{"success": false, "error": "solc not found", "results": {}}': "slither failed (solc not found); run it again",
}


@pytest.mark.parametrize("text", NO_REPORTS)
def test_a_file_that_is_no_report_is_refused_in_a_line(tmp_path, data, capsys, text):
    good, bad = written(tmp_path / f"{NAME}.json", report(finding())), written(tmp_path / "other_2025_02.json", text)

    assert main(["scabench", "score", str(bad), str(good), "--project", NAME, "--dataset", str(data)]) == 2
    told = capsys.readouterr()
    (line,) = told.err.splitlines()
    assert line.startswith(f"bitsec-eval scabench: {bad}: the report is ")
    assert NO_REPORTS[text] in line
    assert "points; detection 50.0%" in told.out
    assert "\x1b" not in told.out + told.err
    data.rename(tmp_path / "d")
    assert main(["scabench", "score-all", str(tmp_path), "--dataset", str(tmp_path / "d")]) == 2
    told = capsys.readouterr()
    assert NO_REPORTS[text] in told.err
    assert [row.split()[0] for row in told.out.splitlines()] == ["report", f"{NAME}.json"]


@pytest.mark.parametrize(("encoding", "words"), [("utf-16", "it looks like UTF-16"), ("cp1252", "byte 0xe9")])
def test_a_file_that_is_no_utf_8_is_told_so(tmp_path, data, capsys, encoding, words):
    path = tmp_path / "r.json"
    path.write_bytes(json.dumps([finding(title="R\u00e9entrancy")], ensure_ascii=False).encode(encoding))

    assert main(["scabench", "score", str(path), "--project", NAME, "--dataset", str(data)]) == 2
    assert f"the report is not UTF-8: byte 0x{'ff' if encoding == 'utf-16' else 'e9'}" in capsys.readouterr().err


@pytest.mark.parametrize("bom", ["", "\ufeff"])
@pytest.mark.parametrize(
    "text",
    [json.dumps([finding()]), report(finding()), json.dumps(finding()) + "\n" + json.dumps({"title": "x"}) + "\n"],
)
def test_lists_lines_and_byte_order_marks_are_read(tmp_path, data, capsys, text, bom):
    path = written(tmp_path / "r.json", bom + text)

    assert main(["scabench", "score", str(path), "--project", NAME, "--dataset", str(data)]) == 0
    assert "points; detection 50.0%" in capsys.readouterr().out


def test_text_of_a_report_cannot_drive_the_terminal(tmp_path, data, capsys):
    path = written(
        tmp_path / "r.json",
        report(finding(title="Reentrancy in withdrawAll\x1b]0;pwn\x07\nline", location="a\x9b1m()")),
    )

    main(["scabench", "score", str(path), "--project", NAME, "--dataset", str(data)])
    shown = capsys.readouterr().out
    assert "\\x1b]0;pwn\\x07\\nline" in shown
    assert not {"\x1b", "\x07", "\x9b"} & set(shown)


def test_score_all_makes_a_table(tmp_path, data, capsys):
    written(tmp_path / "runs" / f"baseline_{NAME}.json", report(finding(), fee_finding(), key="findings"))
    written(tmp_path / "runs" / "b" / "other_2025_02_results.json", report())
    written(tmp_path / "runs" / "notes.json", "{}")
    written(tmp_path / "runs" / NAME / "expected.json", dataset())  # an imported task's truth is no report

    assert main(["scabench", "score-all", str(tmp_path / "runs"), "--dataset", str(data)]) == 0
    skipped, head, *rows = capsys.readouterr().out.splitlines()
    assert "notes.json: skipped, of no project of the dataset; name it after one: ID.json" in skipped
    assert head.split() == [
        *("report", "grave", "all", "partial", "false", "prec.", "recall", "F1", "points", "PASS")
    ]
    assert [row.split() for row in rows] == [
        ["b/other_2025_02_results.json", "0/1", "0/2", "0", "0", "-", "0.0%", "0.0%", "0.0", "no"],
        [f"baseline_{NAME}.json", "1/1", "2/2", "0", "0", "100.0%", "100.0%", "100.0%", "100.0", "yes"],
        ["together", "1/2", "2/4", "0", "0", "100.0%", "50.0%", "66.7%", "50.0", "1/2"],
    ]


def test_a_page_shows_reports_beside_the_truth(tmp_path, data, capsys):
    one, two = written(tmp_path / f"{NAME}.json", report(finding())), written(tmp_path / "2.json", "<b>nothing")
    page = tmp_path / "page.html"
    command = ["scabench", "score", str(one), str(two), "--dataset", str(data), "--project", NAME]

    assert main([*command, "--html", str(page)]) == 2
    told = page.read_text()
    assert f"{NAME}.json on {NAME}</h2>" in told
    assert told.count("Depositors can drain the Vault by re-entering withdrawAll") == 1
    assert "Reported, finding 0" in told
    assert "the report is not JSON" in told
    assert "<b>nothing" not in told


def test_import_lists_what_it_did(tmp_path, capsys):
    commit = checkout(tmp_path / "sources" / NAME, {"README.md": "x", "src/Vault.sol": "contract Vault {}"})
    data = written(tmp_path / "d.json", dataset(project(codebases=[codebase(commit=commit, tree_url="")])))
    command = ["scabench", "import", str(data), "--sources", str(tmp_path / "sources"), "--project", NAME]

    assert main([*command, "-o", str(tmp_path / "suite")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{NAME}: {tmp_path}/suite/test_{NAME}.py"
    assert lines[1].endswith(f"at {commit}, as the dataset pins")
    assert lines[2].startswith("  workspace of 1 file, sha256 ")
    assert lines[3:] == [
        "  stripped README.md: the contest's README",
        f"  odd: codebase 'Demo_{commit[:6]}': tree_url is empty",
    ]


def test_selftest_passes(data, capsys):
    assert main(["scabench", "selftest", "--dataset", str(data)]) == 0
    assert capsys.readouterr().out == "structured: 129 of 129 trials passed\nlexical: 131 of 131 trials passed\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["score", "{tmp}/no.json", "--dataset", "{data}"],
            "no.json: cannot be read (No such file or directory); correct its name",
        ),
        (["score", "{data}", "--dataset", "{tmp}/no.json"], "no.json: cannot be read (No such file or directory)"),
        (
            ["score", "{data}", "--project", "x", "--dataset", "{data}"],
            "no project 'x' in the dataset; among its 2 are",
        ),
        (
            ["score", "{tmp}/it.json", "--dataset", "{data}"],
            "it.json: does not say its project; name one with --project",
        ),
        (
            ["score", "{tmp}/of.json", "--dataset", "{data}"],
            "of.json: is about 'y', no project of the dataset; name one with --project",
        ),
        (["score-all", "{tmp}/no", "--dataset", "{data}"], "no: no such folder; give one with report files"),
        (
            ["score-all", "{tmp}/empty", "--dataset", "{data}"],
            "empty: no report of a project of the dataset in there",
        ),
        (
            ["import", "{data}", "--sources", "{tmp}", "--project", "x", "-o", "{tmp}/s"],
            "no project 'x' in the dataset",
        ),
    ],
)
def test_what_is_wrong_is_one_line_with_a_remedy(tmp_path, data, capsys, arguments, message):
    (tmp_path / "empty").mkdir()
    written(tmp_path / "it.json", report())
    written(tmp_path / "of.json", '{"project": "y", "findings": []}')
    filled = [each.format(tmp=tmp_path, data=data) for each in arguments]

    assert main(["scabench", *filled]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("bitsec-eval scabench: ")
    assert message in line
