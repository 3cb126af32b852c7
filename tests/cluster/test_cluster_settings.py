"""What an evaluation hides goes over no network in plain text, and an address that is none is refused in one line."""

from pathlib import Path

import pytest

from bitsec_eval.cluster.settings import cluster_settings, security
from bitsec_eval.core.errors import SettingsError


@pytest.fixture
def certificates(tmp_path: Path) -> Path:
    for name in ("ca.pem", "cert.pem", "key.pem"):
        (tmp_path / name).write_text("")
    return tmp_path


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "127.8.9.10"])
def test_a_scheduler_on_loopback_needs_no_certificates(host: str):
    assert security(cluster_settings(f"tcp://{host}:8786", None)) is None


@pytest.mark.parametrize("host", ["10.0.0.7", "scheduler.example", "[fd00::1]", "0.0.0.0"])
def test_a_scheduler_elsewhere_without_tls_is_refused(host: str):
    with pytest.raises(SettingsError, match=r"a scheduler elsewhere needs TLS; docs/cluster.md says how"):
        cluster_settings(f"tcp://{host}:8786", None)


@pytest.mark.parametrize(
    "address", ["", "8786", "tls://", "tls://host", "tls://host:port", "http://host:8786", "tls://h:99999"]
)
def test_what_is_no_address_of_a_scheduler_is_refused(address: str):
    with pytest.raises(
        SettingsError, match=r"--bitsec-cluster .*: no address of a Dask scheduler; give tls://HOST:PORT"
    ):
        cluster_settings(address, None)


def test_tls_needs_a_folder_of_certificates(certificates: Path):
    with pytest.raises(SettingsError, match=r"give --bitsec-cluster-tls=DIR with ca.pem, cert.pem and key.pem"):
        cluster_settings("tls://host:8786", None)
    (certificates / "key.pem").unlink()
    with pytest.raises(SettingsError, match=r"no key.pem in .*; docs/cluster.md says how"):
        cluster_settings("tls://host:8786", certificates)


def test_every_end_must_show_its_certificate(certificates: Path):
    found = security(cluster_settings("tls://host:8786", certificates))

    assert found is not None
    assert found.require_encryption
    assert found.tls_ca_file == str(certificates / "ca.pem")
    assert found.tls_worker_key == found.tls_client_key == found.tls_scheduler_key == str(certificates / "key.pem")
