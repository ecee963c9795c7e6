"""Runs a root folder as a container would, and asks it how it is; started by `tests.deploy.check_image`.

The caller gives it mounts and a network of its own. The server gets process ids of its own (it is process 1,
as in a container), the image's user without any capability, a root file system that nobody can write, and as
volumes a temporary folder each for `/tmp` and what `VOLUME` names.
"""

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec

from tests.deploy.check_image import PROJECT, Image

TOKEN = "a-token-of-the-check"
JUDGE_PORT = 9099
MOCK_JUDGE = "/tmp/mock_judge.py"  # noqa: S108 - the container's own
SECONDS = 60
CONTRACT = {
    "O2_JUDGE_AUTH_TOKEN": TOKEN,
    "O2_JUDGE_PROVIDER": "openai_compatible",
    "O2_JUDGE_API_KEY": "unused",
    "O2_JUDGE_MODEL": "a-model",
    "O2_JUDGE_URL": f"http://127.0.0.1:{JUDGE_PORT}/v1",
    "O2_JUDGE_TIMEOUT_SECONDS": "20",
}
"""The variables of the Remote Scorer contract."""


class Container:
    """A root folder, ready to run commands of its image."""

    def __init__(self, image: Image) -> None:
        self.image = image
        root = image.root
        sh("mount", "--bind", root, root)
        for folder in ["/tmp", *image.volumes]:  # noqa: S108 - the container's own
            inside = Path(root + folder)
            owner = inside.stat()
            sh(
                "mount",
                "-t",
                "tmpfs",
                "-o",
                f"mode={owner.st_mode & 0o7777:o},uid={owner.st_uid},gid={owner.st_gid}",
                "tmpfs",
                str(inside),
            )
        sh("mount", "--rbind", "/dev", f"{root}/dev")
        sh("mount", "-o", "remount,bind,ro", root)
        sh("ip", "link", "set", "lo", "up")

    def start(self, command: list[str], environment: dict[str, str], **how: Any) -> subprocess.Popen[Any]:
        """A process of the image as the image's user, process 1 of its own."""
        user, _, group = self.image.user.partition(":")
        return subprocess.Popen(
            [
                *(
                    "/usr/bin/unshare",
                    "--pid",
                    "--fork",
                    "--kill-child",
                    f"--mount-proc={self.image.root}/proc",
                ),
                *(
                    "/usr/sbin/chroot",
                    self.image.root,
                    "/usr/bin/setpriv",
                    f"--reuid={user}",
                    f"--regid={group}",
                ),
                *("--clear-groups", "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all"),
                *("/bin/sh", "-c", f'cd {self.image.workdir} && exec "$@"', "sh", *command),
            ],
            env={**self.image.env, **environment},
            **how,
        )

    def run(
        self, command: list[str], environment: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """A command to its end, with what it said."""
        process = self.start(command, environment or {}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        told, _ = process.communicate(timeout=SECONDS)
        return subprocess.CompletedProcess(command, process.returncode, told.decode(errors="replace"))

    def healthy(self, environment: dict[str, str]) -> bool:
        """What the image's own health check says."""
        return self.run(self.image.health, environment).returncode == 0


class Server:
    """The image's own entry point, running."""

    def __init__(self, container: Container, environment: dict[str, str]) -> None:
        image = container.image
        self.container, self.environment = container, environment
        self.process = container.start([*image.entrypoint, *image.command], environment)
        until = time.monotonic() + SECONDS
        while not container.healthy(environment):
            if self.process.poll() is not None or time.monotonic() > until:
                sys.exit("NOT SO: the server runs, and the health check is content in time")
            time.sleep(0.2)
        expect("the health check is content", holds=True)

    @property
    def pid(self) -> int:
        """The server itself, seen from here."""
        pid = self.process.pid
        return int(Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()[0])

    def stop(self) -> float:
        """Stop it as an engine does; how many seconds it took."""
        started = time.monotonic()
        os.kill(self.pid, getattr(signal, self.container.image.stop_signal))
        expect("it ends by itself with 0", self.process.wait(timeout=SECONDS) == 0)
        return time.monotonic() - started


def sh(*command: str) -> None:
    """A command that must succeed."""
    subprocess.run(command, check=True)


def expect(what: str, holds: bool) -> None:  # noqa: FBT001 - a sentence and whether it is true
    """Say it, or end."""
    if not holds:
        sys.exit(f"NOT SO: {what}")
    print(f"  ok: {what}", flush=True)


def ask(
    path: str,
    *,
    port: int = 8000,
    token: str | None = TOKEN,
    body: bytes | None = None,
    kind: str = "application/json",
) -> tuple[int, bytes]:
    """Status and body of one request."""
    headers = {"content-type": kind} | ({"authorization": f"Bearer {token}"} if token else {})
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    try:
        connection.request("GET" if body is None else "POST", path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def main() -> None:
    """All that a deployment relies on, one after the other."""
    container = Container(msgspec.json.decode(sys.argv[1], type=Image))
    image = container.image
    modules = "spanjudge, sqlalchemy, uvicorn, grpc, psycopg"
    expect("its user is not root", image.user.partition(":")[0] not in {"0", "root"})
    expect("the root cannot be written", container.run(["touch", "/opt/spanjudge/written"]).returncode != 0)
    expect(
        f"the modules are there: {modules}",
        container.run(["python", "-c", f"import {modules}"]).returncode == 0,
    )
    told = container.run([*image.entrypoint, *image.command], {"O2_JUDGE_AUTH_TOKEN": TOKEN})
    expect(
        "without a provider it says so and ends", told.returncode != 0 and "O2_JUDGE_PROVIDER" in told.stdout
    )

    shutil.copy(PROJECT / "benchmarks" / "mock_judge.py", f"{image.root}{MOCK_JUDGE}")
    judge = container.start(["python", MOCK_JUDGE, str(JUDGE_PORT), "5"], {})
    server = Server(container, CONTRACT)
    facts = dict(
        line.split(":", 1)
        for line in Path(f"/proc/{server.pid}/status").read_text(encoding="ascii").splitlines()
    )
    expect("it runs as the image's user", facts["Uid"].split()[0] == image.user.partition(":")[0])
    expect("it has no capability", int(facts["CapEff"], 16) == int(facts["CapBnd"], 16) == 0)
    status, body = ask("/health")
    expect(f"/health: {body.decode()}", status == 200 and json.loads(body)["backend"] == "openai_compatible")
    expect("/health names the model", json.loads(body)["model"] == "a-model")
    expect("/health wants the token", ask("/health", token=None)[0] == 401)
    expect("/readyz", ask("/readyz", token=None)[0] == 200)
    expect("the page is there", b"<html" in ask("/", token=None)[1].lower())
    question = {"scorer_name": "coherence", "output": "It was completed in March 1889."}
    status, body = ask("/evaluate", body=json.dumps(question).encode())
    expect(f"/evaluate: {body.decode()[:70]}…", status == 200 and json.loads(body)["code"] == "OK")
    expect("spans are taken", ask("/v1/traces", body=b"", kind="application/x-protobuf")[0] == 200)
    print(f"  stopped after {server.stop():.1f} s", flush=True)
    expect("the health check notices", not container.healthy(CONTRACT))
    kept = sorted(path.name for path in Path(image.root + image.volumes[0]).iterdir())
    expect(f"the volume holds the store: {', '.join(kept)}", "spanjudge.db" in kept)

    part = {"SPANJUDGE_ROLE": "receiver", "O2_JUDGE_AUTH_TOKEN": TOKEN}
    server = Server(container, part)
    expect("a receiver needs no judge", ask("/v1/traces", body=b"", kind="application/x-protobuf")[0] == 200)
    expect("and serves no page", ask("/", token=None)[0] == 404)
    server.stop()

    other = {**CONTRACT, "O2_JUDGE_HOST": "127.0.0.1", "O2_JUDGE_PORT": "8123", "O2_JUDGE_PROVIDER": "openai"}
    server = Server(container, other)
    expect(
        "host, port and provider are those of the variables",
        json.loads(ask("/health", port=8123)[1])["backend"] == "openai",
    )
    server.stop()
    judge.kill()
    judge.wait()
    print("\nThe image does what a deployment relies on.")


if __name__ == "__main__":
    main()
