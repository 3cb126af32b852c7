"""A checking process that a server asks without a thread: its pipes belong to the event loop."""

import asyncio
import json
import struct
from contextlib import suppress
from typing import IO, cast

from bitsec_eval.agent_check.process import WALL_SECONDS, Checked, Examiner, checked_from, question, started


class CheckProcess:
    """One checking process; after an exception from `check` it can only be closed.

    `checks` is how many sources it was given.
    """

    def __init__(
        self,
        examiner: Examiner,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        reads: asyncio.ReadTransport,
    ) -> None:
        self._examiner = examiner
        self._reader = reader
        self._writer = writer
        self._reads = reads
        self.python = examiner.python
        self.checks = 0

    @classmethod
    async def start(cls, python: str) -> "CheckProcess":
        """Start a process and wait until it answers.

        Raises: CheckerError where `python` does not run it.
        """
        examiner = await asyncio.to_thread(started, python)
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=1 << 20)
        reads, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), _pipe(examiner.stdout))
        protocol = asyncio.StreamReaderProtocol(asyncio.StreamReader())
        transport, _ = await loop.connect_write_pipe(lambda: protocol, _pipe(examiner.stdin))
        return cls(examiner, reader, asyncio.StreamWriter(transport, protocol, None, loop), reads)

    @property
    def alive(self) -> bool:
        """Whether it has not ended."""
        return self._examiner.alive

    async def check(self, source: bytes, libraries: frozenset[str] = frozenset()) -> Checked:
        """Check one source, which may import `libraries` beside the standard library.

        Raises: EOFError or OSError where the source ended the process or took too long.
        """
        self.checks += 1
        async with asyncio.timeout(WALL_SECONDS):
            self._writer.write(question(source, libraries))
            await self._writer.drain()
            (size,) = struct.unpack(">I", await self._reader.readexactly(4))
            return checked_from(json.loads(await self._reader.readexactly(size)))

    def close(self) -> None:
        """Kill it and wait; whoever waits for its answer gets EOFError."""
        with suppress(RuntimeError):  # the loop is closed already
            if not self._reads.is_closing():
                self._reads.close()
            if not self._writer.transport.is_closing():
                self._writer.transport.abort()  # close would wait until everything is written
        self._examiner.close()


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    return cast("IO[bytes]", pipe)
