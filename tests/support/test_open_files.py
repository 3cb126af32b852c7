"""A process may open as many files as the system lets it, for as long as it needs them."""

import resource

from bitsec_eval.support.open_files import many_open_files, most_open_files


def test_the_limit_is_raised_and_put_back():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 512), hard))
    try:
        with many_open_files():
            raised = resource.getrlimit(resource.RLIMIT_NOFILE)
        after = resource.getrlimit(resource.RLIMIT_NOFILE)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    assert raised == (most_open_files(), hard)
    assert raised[0] > 512 or hard == 512
    assert after == (min(soft, 512), hard)
