"""Each row is a whole evaluation on each engine: real containers, the board that junit gives, what is published."""

import pytest


def options_of(engine: str, request: pytest.FixtureRequest) -> tuple[str, ...]:
    """Return the options that choose an engine; the root of the OCI runtime is the same image."""
    if engine == "docker":
        request.getfixturevalue("engine")
        return ()
    return ("--bitsec-sandbox=oci", f"--bitsec-image={request.getfixturevalue('oci_root')}")


@pytest.fixture(params=["docker", "oci"], scope="module")
def engine_options(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """The options of each engine in turn."""
    return options_of(request.param, request)
