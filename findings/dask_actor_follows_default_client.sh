#!/usr/bin/env bash
# Guess: a Dask actor belongs to the client that made it, so a client that is not the process's default
# (set_as_default=False, as a library that minds its host would say) can call its methods.
# What happens: the proxy looks for the current default client when a method is called. Without one the call fails with
# AttributeError on a name of Dask's own ("_io_loop"), which says nothing of clients.
# Why our users care: a harness that runs inside pytest and talks to a cluster must make its client the default one, or
# enter client.as_current(), before it touches an actor.
set -euo pipefail

version=2026.8.0
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check "distributed==$version"

cat >"$folder/program.py" <<'PY'
import distributed
from distributed import Client, LocalCluster

class Counter:
    def add(self):
        return 1

def called(default):
    with LocalCluster(n_workers=1, processes=True, dashboard_address=None) as cluster:
        client = Client(cluster, set_as_default=default)
        actor = client.submit(Counter, actor=True).result()
        try:
            return actor.add().result()
        except AttributeError as error:
            return f"AttributeError: {error}"
        finally:
            client.close()

if __name__ == "__main__":
    print("distributed", distributed.__version__)
    print("default client:", called(True))
    print("another client:", called(False))
PY
(cd "$folder" && venv/bin/python program.py) | tee "$folder/seen"
grep -qx "distributed $version" "$folder/seen"
grep -qx "default client: 1" "$folder/seen"
grep -qx "another client: AttributeError: .* has no attribute '_io_loop'" "$folder/seen"
