"""A junit file without our properties, for programs that take only what the JUnit 10 schema of Jenkins knows.

That schema allows properties in a suite and refuses them in a testcase, where pytest writes the ones of a check.
"""

import re
from collections.abc import Iterator

from bitsec_eval.core.junit.reader import CHUNK_BYTES, Stream
from bitsec_eval.core.junit.scan import END

_PROPERTIES = re.compile(rb"<properties>(?:<property [^<>]*/>)*</properties>|<properties ?/>")


def plain_junit(record: Stream) -> Iterator[bytes]:
    """Yield the junit file `record`, which pytest wrote, without its properties."""
    kept = b""
    while chunk := record.read(CHUNK_BYTES):
        kept += chunk
        whole = kept.rfind(END) + len(END)
        if whole >= len(END):
            yield _PROPERTIES.sub(b"", kept[:whole])
            kept = kept[whole:]
    yield _PROPERTIES.sub(b"", kept)
