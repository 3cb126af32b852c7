"""A signed record verifies anywhere and says who, when and what; one changed byte, anywhere, and it is refused."""

import base64
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bitsec_eval.cli import main
from bitsec_eval.core.errors import ResultsError, SettingsError
from bitsec_eval.signing.envelope import PAYLOAD_TYPE, Statement, opened, sealed
from bitsec_eval.signing.keys import PublicKey, made_key, read_key
from bitsec_eval.signing.record import sign as sign_record
from bitsec_eval.signing.record import signature_path, verified_evaluation
from bitsec_eval.signing.record import verify as verify_record
from tests.junit_files import JunitFile
from tests.long import LONG

P, F, E = "passed", "failed", "error"
ROOT = Path(__file__).parents[2]


@pytest.fixture
def results(tmp_path):
    """A folder of results: a perfect agent, a half-right and a void one, with a board and a page."""
    folder = tmp_path / "results"
    (folder / "runs" / "full").mkdir(parents=True)
    record = JunitFile().run("full", "t", [P, P]).run("half", "t", [P, F]).run("void", "t", [E, E])
    (folder / "junit.xml").write_bytes(record.text)
    (folder / "leaderboard.json").write_text("{}")
    (folder / "runs" / "full" / "t.html").write_text("<p>a page")
    return folder


def sign(results, *more) -> int:
    key = results.parent / "key.pem"
    return main(["sign", str(results / "junit.xml"), "--key", str(key), "--name", "alice", *more])


def verify(results, *more) -> int:
    return main(["verify", str(results / "junit.xml"), *more])


def refused(capsys, results, *more) -> str:
    assert verify(results, *more) == 2
    return capsys.readouterr().err


def test_a_signed_record_says_who_when_and_what(results, capsys):
    assert sign(results) == 0
    made, told = capsys.readouterr().out.splitlines()
    assert made.startswith(f"made the key {results.parent / 'key.pem'}; give others this line: ed25519:")
    assert told.endswith("junit.xml.sig: evaluation e1, 3 agents, 1 tasks, 6 checks, 2 artifacts")

    assert verify(results) == 0
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert lines[1] == "by    alice (its own word; --trusted=FILE says whose key it is)"
    assert lines[2].startswith("key   ed25519:")
    assert lines[3].endswith("UTC")
    assert lines[4] == "what  evaluation e1, 3 agents, 1 tasks, 6 checks, 2 artifacts"


def test_a_key_is_made_once_and_for_its_owner_alone(results, capsys):
    sign(results)
    first = (results.parent / "key.pem").read_bytes()
    sign(results)

    assert (results.parent / "key.pem").read_bytes() == first
    assert (results.parent / "key.pem").stat().st_mode & 0o777 == 0o600
    assert "made the key" not in capsys.readouterr().out.partition("\n")[2].partition("\n")[2]


def test_a_key_that_others_may_read_is_refused(results, capsys):
    sign(results)
    (results.parent / "key.pem").chmod(0o640)

    assert sign(results) == 2
    assert "key.pem: others may read this key; chmod 600 it" in capsys.readouterr().err


def test_a_file_that_is_no_key_is_refused(tmp_path):
    path = tmp_path / "key.pem"
    path.write_text("no key")
    path.chmod(0o600)

    with pytest.raises(SettingsError, match=r"key\.pem: is no private Ed25519 key in PEM; give --key=FILE"):
        read_key(path)


def test_a_record_verifies_on_another_machine_without_its_artifacts(results, tmp_path, capsys):
    sign(results)
    there = tmp_path / "elsewhere"
    there.mkdir()
    for name in ("junit.xml", "junit.xml.sig"):
        (there / name.replace("junit", "of-alice")).write_bytes((results / name).read_bytes())

    assert main(["verify", str(there / "of-alice.xml")]) == 0
    assert "2 artifacts that are not here" in capsys.readouterr().out


def test_one_changed_byte_of_the_record_is_refused_wherever_it_is(results, capsys):
    sign(results)
    path = results / "junit.xml"
    whole = path.read_bytes()

    for place in range(0, len(whole), max(1, len(whole) // 40)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert "junit.xml: was changed after it was signed; ask its validator" in refused(capsys, results)
    path.write_bytes(whole + b"\n")
    assert "was changed" in refused(capsys, results)


def test_one_changed_byte_of_the_signature_is_refused_wherever_it_is(results, capsys):
    sign(results)
    path = signature_path(results / "junit.xml")
    whole = path.read_bytes()

    for place in range(0, len(whole), 7):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert "junit.xml.sig: " in refused(capsys, results), place
    path.write_bytes(whole.replace(b": ", b":  ", 1))
    assert "was changed after it was signed" in refused(capsys, results)


def test_a_flipped_bit_of_any_byte_of_any_file_is_refused_and_the_file_named(results):
    sign(results)
    record = results / "junit.xml"
    files = [path for path in sorted(results.rglob("*")) if path.is_file()]
    assert len(files) == 4
    verify_record(record)

    for path in files:
        whole = path.read_bytes()
        for place in range(0, len(whole), 1 if LONG else 5):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << place % 8]) + whole[place + 1 :])
            with pytest.raises(ResultsError, match=path.relative_to(results).as_posix()):
                verify_record(record)
        path.write_bytes(whole)
    verify_record(record)


def test_two_signatures_on_one_envelope_are_refused(results, capsys):
    sign(results)
    path = signature_path(results / "junit.xml")
    envelope = json.loads(path.read_text())
    path.write_text(json.dumps({**envelope, "signatures": envelope["signatures"] * 2}, indent=2, sort_keys=True))

    assert "junit.xml.sig: is no signature that bitsec-eval sign wrote" in refused(capsys, results)


def test_a_record_signed_as_another_evaluation_takes_no_part(results):
    key = made_key(results.parent / "key.pem")
    sign_record(results / "junit.xml", key, "alice", datetime.now(UTC))
    statement, _ = opened(signature_path(results / "junit.xml").read_text())
    lying = Statement(files=statement.files, said={**statement.said, "evaluation": "e2"})
    signature_path(results / "junit.xml").write_text(sealed(lying, key))

    with pytest.raises(ResultsError, match="holds evaluation e1, and its signature says another"):
        verified_evaluation(results / "junit.xml")


def test_a_key_taken_from_the_trusted_ones_is_trusted_no_more(results, tmp_path, capsys):
    sign(results)
    alice, bob = (read_key(results.parent / "key.pem").public.text, made_key(tmp_path / "bob.pem").public.text)
    trusted = tmp_path / "validators.txt"
    trusted.write_text(f"{alice} Alice\n{bob} Bob\n")
    assert verify(results, "--trusted", str(trusted)) == 0
    trusted.write_text(f"# left: {alice} Alice\n{bob} Bob\n")

    assert "which is none of the trusted keys" in refused(capsys, results, "--trusted", str(trusted))


def test_a_changed_artifact_is_named(results, capsys):
    sign(results)
    (results / "runs" / "full" / "t.html").write_text("<p>another page")

    assert "changed after it was signed: runs/full/t.html in " in refused(capsys, results)


def test_an_artifact_that_was_removed_or_added_is_named(results, capsys):
    sign(results)
    (results / "leaderboard.json").unlink()
    assert "signed and not there: leaderboard.json in " in refused(capsys, results)
    (results / "leaderboard.json").write_text("{}")
    (results / "runs" / "more.html").write_text("<p>more")
    assert "there and not signed: runs/more.html in " in refused(capsys, results)


def test_a_statement_signed_by_another_key_is_not_that_of_the_key_it_names(results, capsys):
    sign(results)
    path = signature_path(results / "junit.xml")
    envelope = json.loads(path.read_text())
    envelope["signatures"][0]["keyid"] = made_key(results.parent / "other.pem").public.text
    path.write_text(json.dumps(envelope, indent=2, sort_keys=True) + "\n")

    assert "was not signed with the key it names" in refused(capsys, results)


def test_only_trusted_keys_count_where_they_are_told(results, tmp_path, capsys):
    sign(results)
    mine = read_key(results.parent / "key.pem").public.text
    trusted, others = tmp_path / "trusted", tmp_path / "others"
    trusted.write_text(f"# validators\n\n{mine} Alice of Rome\n")
    others.write_text(f"{made_key(tmp_path / 'other.pem').public.text} bob\n")
    capsys.readouterr()

    assert verify(results, "--trusted", str(trusted)) == 0
    assert "by    Alice of Rome\n" in capsys.readouterr().out
    assert f"signed with {mine}, which is none of the trusted keys" in refused(
        capsys, results, "--trusted", str(others)
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "holds no public key; write lines as `ed25519:BASE64 NAME`"),
        ("ssh-ed25519 AAAA bob", ":1: 'ssh-ed25519' is no public key of the form ed25519:BASE64"),
        ("ed25519:AAAA bob", "is no public key of the form ed25519:BASE64"),
    ],
)
def test_a_file_of_trusted_keys_that_is_wrong_says_where(results, tmp_path, capsys, text, says):
    sign(results)
    path = tmp_path / "trusted"
    path.write_text(text)

    assert says in refused(capsys, results, "--trusted", str(path))


def test_a_record_without_a_signature_says_what_to_do(results, capsys):
    assert "has no signature that can be read" in refused(capsys, results)
    sign(results)
    signature_path(results / "junit.xml").write_text("{}")
    assert "is no signature that bitsec-eval sign wrote; ask the validator" in refused(capsys, results)


def test_what_is_no_record_is_not_signed(results, capsys):
    (results / "junit.xml").write_text("<html/>")

    assert sign(results) == 2
    assert "is XML but no junit" in capsys.readouterr().err
    assert not signature_path(results / "junit.xml").exists()


def test_the_envelope_is_dsse_around_an_in_toto_statement(results):
    sign(results)
    envelope = json.loads(signature_path(results / "junit.xml").read_text())
    payload = base64.b64decode(envelope["payload"])
    (signature,) = envelope["signatures"]
    signed = b"DSSEv1 28 application/vnd.in-toto+json " + str(len(payload)).encode() + b" " + payload

    assert envelope["payloadType"] == PAYLOAD_TYPE
    assert PublicKey.of(signature["keyid"]).holds(base64.b64decode(signature["sig"]), signed)
    told = json.loads(payload)
    assert told["_type"] == "https://in-toto.io/Statement/v1"
    assert [each["name"] for each in told["subject"]] == ["junit.xml", "leaderboard.json", "runs/full/t.html"]


def test_without_cryptography_one_line_says_what_to_install(results):
    code = (
        "import sys; sys.modules['cryptography'] = None; from bitsec_eval.cli import main;"
        f" sys.exit(main(['verify', {str(results / 'junit.xml')!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)

    assert done.returncode == 2
    assert "is not installed; pip install 'bitsec-eval[sign]'" in done.stderr
    assert done.stderr.count("\n") == 1
