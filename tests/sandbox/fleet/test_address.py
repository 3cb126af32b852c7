"""An engine's address is one word; what is none is refused in one line that says what would be."""

import pytest

from bitsec_eval.core.errors import SettingsError
from bitsec_eval.sandbox.fleet.address import EngineAddress, parse_engine, parse_engines


@pytest.mark.parametrize(
    ("text", "url", "jobs"),
    [
        ("unix:///run/docker.sock", "unix:///run/docker.sock", None),
        ("tcp://10.0.0.7:2376,jobs=16", "tcp://10.0.0.7:2376", 16),
        ("tcp://[fd00::7]:2376,jobs=16", "tcp://[fd00::7]:2376", 16),
        ("ssh://build@rack7,jobs=8", "ssh://build@rack7", 8),
        ("docker:", "docker:", None),
        ("oci:", "oci:", None),
        ("oci:/srv/root,fs,jobs=2", "oci:/srv/root,fs", 2),
    ],
)
def test_an_address_may_say_how_many_runs_the_engine_takes(text: str, url: str, jobs: int | None):
    assert parse_engine(text) == EngineAddress(url=url, jobs=jobs)


def test_what_a_client_is_told_of_an_address():
    assert parse_engine("docker:").base_url is None
    assert parse_engine("ssh://rack7").base_url == "ssh://rack7"
    assert parse_engine("oci:").root is None
    assert parse_engine("oci:/srv/root").root == "/srv/root"
    assert parse_engine("oci:").is_oci
    assert not parse_engine("docker:").is_oci


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no address of an engine; give unix:///PATH"),
        ("localhost:2375", "no address of an engine; give unix:///PATH"),
        ("tcp://", "no address of an engine"),
        ("docker:x", "no address of an engine"),
        ("http://rack7:2375", "no address of an engine"),
        ("docker:,jobs=0", "jobs=0 is no number of runs; give 1 or more"),
        ("docker:,jobs=-1", "jobs=-1 is no number of runs"),
        ("docker:,jobs=two", "jobs=two is no number of runs"),
        ("docker:,jobs=", "jobs= is no number of runs"),
        ("docker:,size=2", "unknown option size=; only jobs=N can follow the address"),
        ("docker:\x1b[31m", r"docker:\x1b[31m: no address"),
    ],
)
def test_what_is_no_address_is_refused_in_one_line(text: str, reason: str):
    with pytest.raises(SettingsError) as caught:
        parse_engine(text)

    assert str(caught.value).startswith("--bitsec-engine ")
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_engine_is_given_once():
    with pytest.raises(SettingsError, match=r"docker:: given twice; give each engine once, with jobs=N"):
        parse_engines(("docker:", "oci:", "docker:,jobs=2"))
