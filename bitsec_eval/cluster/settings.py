"""Settings of a cluster: the scheduler's address and the TLS certificates of driver, scheduler and nodes."""

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from distributed.security import Security

from bitsec_eval.core.errors import SettingsError
from bitsec_eval.core.text import one_line

AUTHORITY, CERTIFICATE, KEY = "ca.pem", "cert.pem", "key.pem"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterSettings:
    """The scheduler's address, and the folder of ca.pem, cert.pem and key.pem (None: a scheduler on loopback)."""

    scheduler: str
    certificates: Path | None = None


def cluster_settings(scheduler: str, certificates: Path | None) -> ClusterSettings:
    """Return the settings for an address.

    Raises:
        SettingsError: it is none, or would send what an evaluation hides over a network in plain text.
    """
    address = urlsplit(scheduler)
    if address.scheme not in ("tls", "tcp") or not address.hostname or _port(scheduler) is None:
        raise _refused(scheduler, "no address of a Dask scheduler; give tls://HOST:PORT")
    if address.scheme == "tls":
        _check_certificates(scheduler, certificates)
    elif not _is_loopback(address.hostname):
        raise _refused(scheduler, "a scheduler elsewhere needs TLS; docs/cluster.md says how to make certificates")
    return ClusterSettings(scheduler=scheduler, certificates=certificates)


def security(settings: ClusterSettings) -> Security | None:
    """Return what Dask needs for TLS both ways; None for a scheduler on loopback without it."""
    if not settings.scheduler.startswith("tls://"):
        return None
    folder = settings.certificates
    assert folder is not None  # noqa: S101 - checked by cluster_settings
    ends = {}
    for role in ("scheduler", "worker", "client"):
        ends[f"tls_{role}_cert"], ends[f"tls_{role}_key"] = str(folder / CERTIFICATE), str(folder / KEY)
    return Security(  # type: ignore[no-untyped-call]
        require_encryption=True, tls_ca_file=str(folder / AUTHORITY), **ends
    )


def _check_certificates(scheduler: str, folder: Path | None) -> None:
    if folder is None:
        raise _refused(
            scheduler,
            f"TLS needs certificates; give --bitsec-cluster-tls=DIR with {AUTHORITY}, {CERTIFICATE} and {KEY}",
        )
    for name in (AUTHORITY, CERTIFICATE, KEY):
        if not (folder / name).is_file():
            raise _refused(scheduler, f"no {name} in {folder}; docs/cluster.md says how to make certificates")


def _port(scheduler: str) -> int | None:
    try:
        return urlsplit(scheduler).port
    except ValueError:
        return None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _refused(scheduler: str, reason: str) -> SettingsError:
    return SettingsError(f"--bitsec-cluster {one_line(scheduler, 120)}: {reason}")
