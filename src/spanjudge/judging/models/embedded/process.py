"""The embedded judge's own process: loads one model file and serves it on a private socket.

Started by `engine` as a plain script, so that it imports nothing but the runtime. It reads its
orders as one line of JSON from standard input, answers with one line of JSON on standard output, and
lives until standard input ends: a parent that was killed closes it too.
"""

import importlib
import json
import os
import shutil
import sys
import threading
import time
from typing import Any, BinaryIO

SOCKET_NAME = "judge.sock"


def main() -> None:
    """Load, say where the server listens, and wait for the parent's end."""
    orders: dict[str, Any] = json.loads(sys.stdin.buffer.readline())
    answer = _private_stdout()
    parent = os.getppid()
    threading.Thread(target=_end_with_parent, args=(orders,), daemon=True).start()
    try:
        server = _load(orders)
    except Exception as error:  # noqa: BLE001 - whatever the runtime raises is told to the parent
        _say(answer, {"error": f"{type(error).__name__}: {error}"})
        _leave(orders, 1)
    else:
        _say(answer, {"address": server.listening_address})
        # Some other process may hold the parent's end of the pipe open after the parent's death.
        while os.name == "nt" or os.getppid() == parent:
            time.sleep(1.0)
        _leave(orders, 0)


def _private_stdout() -> BinaryIO:
    """Keep the answer's channel to ourselves: what the runtime prints goes to standard error."""
    answer = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return answer


def _say(answer: BinaryIO, message: dict[str, Any]) -> None:
    answer.write(json.dumps(message).encode() + b"\n")
    answer.close()


def _end_with_parent(orders: dict[str, Any]) -> None:
    while sys.stdin.buffer.readline():
        pass
    _leave(orders, 0)


def _leave(orders: dict[str, Any], status: int) -> None:
    if orders.get("folder"):
        shutil.rmtree(orders["folder"], ignore_errors=True)
    os._exit(status)  # the runtime's threads would otherwise finish their answer first


def _load(orders: dict[str, Any]) -> Any:
    xllamacpp: Any = importlib.import_module("xllamacpp")

    params = xllamacpp.CommonParams()
    params.model.path = orders["path"]
    params.n_ctx = orders["context"]
    params.n_parallel = orders["slots"]
    params.n_batch = orders["batch"]
    params.n_ubatch = orders["batch"]
    params.cpuparams.n_threads = orders["threads"]
    params.cpuparams_batch.n_threads = orders["threads"]
    params.cache_ram_mib = orders["cache_mib"]
    params.n_gpu_layers = 0
    params.verbosity = -1
    params.warmup = False
    params.ui = False
    params.endpoint_slots = False
    params.api_keys = [orders["key"]]
    if orders.get("folder"):
        params.hostnames = [os.path.join(orders["folder"], SOCKET_NAME)]  # noqa: PTH118 - the runtime takes text
    return xllamacpp.Server(params)


if __name__ == "__main__":
    main()
