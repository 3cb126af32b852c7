#!/usr/bin/env bash
# Guess: two actors on one Dask worker answer independently, as two workers' threads would, so a slow method of one
# holds up nobody else; more threads for the worker (nthreads) help at any rate.
# What happens: the plain methods of all actors on a worker share one thread, whatever nthreads says; a method that is a
# coroutine runs on the worker's event loop and waits for nobody.
# Why our users care: a node that holds many sandboxes as actors would let one sandbox that is slow to answer stop the
# frames of all others. Methods that wait must be coroutines.
set -euo pipefail

version=2026.8.0
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check "distributed==$version"

"$folder/venv/bin/python" - <<'PY' | tee "$folder/seen"
import asyncio
import time

import distributed
from distributed import Client, LocalCluster

class Waiting:
    def plain(self, seconds):
        time.sleep(seconds)

    async def coroutine(self, seconds):
        await asyncio.sleep(seconds)

def both(client, method):
    one, other = (client.submit(Waiting, actor=True, pure=False).result() for _ in range(2))
    started = time.monotonic()
    for future in [getattr(one, method)(1.5), getattr(other, method)(1.5)]:
        future.result()
    return "one after the other" if time.monotonic() - started > 2.8 else "at the same time"

if __name__ == "__main__":
    print("distributed", distributed.__version__)
    with LocalCluster(n_workers=1, threads_per_worker=8, processes=False, dashboard_address=None) as cluster:
        with Client(cluster) as client:
            print("plain methods:", both(client, "plain"))
            print("coroutines:", both(client, "coroutine"))
PY
grep -qx "distributed $version" "$folder/seen"
grep -qx "plain methods: one after the other" "$folder/seen"
grep -qx "coroutines: at the same time" "$folder/seen"
