"""A PostgreSQL of this machine's package, started as an ordinary user in a folder of its own."""

import contextlib
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self
from urllib.parse import quote

import psycopg
from psycopg import sql

OLDEST = 14
USER, PASSWORD = "spanjudge", "pass:word/@1"
"""Of the server's owner; over TCP the password is asked for, on the socket it is not."""

# Ends a server whose owner was killed: then the end of the pipe is reached.
_GUARD = 'cat >/dev/null; kill -QUIT "$1"; sleep 1; rm -rf "$2"'

_CONFIGURATION = """
listen_addresses = '{addresses}'
port = {port}
unix_socket_directories = '{folder}'
max_connections = 100
shared_buffers = {buffers}
dynamic_shared_memory_type = posix
logging_collector = off
autovacuum_naptime = 10s
fsync = {fsync}
full_page_writes = {fsync}
"""


def programs() -> Path | None:
    """The folder with `initdb` and `postgres` of the newest installed version."""
    found: list[tuple[int, Path]] = []
    for folder in Path("/usr/lib/postgresql").glob("*/bin"):
        name = folder.parent.name
        if name.isdigit() and int(name) >= OLDEST and (folder / "initdb").exists():
            found.append((int(name), folder))
    if found:
        return max(found)[1]
    postgres = shutil.which("postgres")
    if postgres is None or shutil.which("initdb") is None:
        return None
    said = subprocess.run([postgres, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603  # found on the path
    version = re.search(r"\d+", said)
    return Path(postgres).parent if version and int(version[0]) >= OLDEST else None


class _User(NamedTuple):
    """Whom to run it as; nobody else when nothing is said."""

    user: int | None = None
    group: int | None = None
    extra_groups: tuple[int, ...] | None = None


def _ordinary_user() -> _User:
    """It refuses to be run by root."""
    if os.getuid() != 0:
        return _User()
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            found = pwd.getpwnam(name)
            return _User(found.pw_uid, found.pw_gid, ())
    raise RuntimeError("PostgreSQL does not run as root, and there is no user “postgres” or “nobody”")


class PostgresServer:
    """A server of one's own. Without `fsync` it is faster, and forgets everything with the machine."""

    def __init__(
        self, *, fsync: bool = False, buffers: str = "64MB", within: str | None = None, addresses: str = ""
    ) -> None:
        """Not started yet. `within` is the folder for its files, `addresses` those beside loopback."""
        found = programs()
        if found is None:
            raise RuntimeError(f"no PostgreSQL {OLDEST} or newer is installed (apt-get install postgresql)")
        self._programs = found
        self._who = _ordinary_user()
        # Not a folder of pytest's: those can be entered by their owner alone, and the path of a socket is
        # short.
        self.folder = Path(tempfile.mkdtemp(prefix="pg-", dir=within))
        if self._who.user is not None and self._who.group is not None:
            os.chown(self.folder, self._who.user, self._who.group)
        self._data = self.folder / "data"
        self._fsync, self._buffers, self._addresses = fsync, buffers, addresses
        self.port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(  # noqa: S603  # the package's own program
            [self._programs / program, *arguments],
            capture_output=True,
            cwd=self.folder,
            check=False,
            env=self._environment,
            user=self._who.user,
            group=self._who.group,
            extra_groups=self._who.extra_groups,
        )
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stderr.decode()}")

    @property
    def _environment(self) -> dict[str, str]:
        return {"PATH": os.environ.get("PATH", "/usr/bin"), "LC_ALL": "C.UTF-8", "TZ": "UTC"}

    def make(self) -> None:
        """Make its files."""
        password = self.folder / "password"
        password.write_text(PASSWORD)
        password.chmod(0o644)
        self._run(
            "initdb",
            "--pgdata", str(self._data),
            "--username", USER,
            "--pwfile", str(password),
            "--auth-local", "trust",
            "--auth-host", "scram-sha-256",
            "--encoding", "UTF8",
            # Not C: what depends on the order of texts must not rely on it.
            "--locale", "C.UTF-8",
            "--no-sync",
        )  # fmt: skip
        with (self._data / "postgresql.conf").open("a") as file:
            file.write(
                _CONFIGURATION.format(
                    port=self.port,
                    addresses=f"127.0.0.1,{self._addresses}".rstrip(","),
                    folder=self.folder,
                    buffers=self._buffers,
                    fsync="on" if self._fsync else "off",
                )
            )

        if self._addresses:
            with (self._data / "pg_hba.conf").open("a") as file:
                file.write("host all all samenet scram-sha-256\n")

    def start(self) -> None:
        """Start it and wait until it answers."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603  # the package's own program
                [self._programs / "postgres", "-D", str(self._data)],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=self._environment,
                start_new_session=True,
                user=self._who.user,
                group=self._who.group,
                extra_groups=self._who.extra_groups,
            )
        self._guard = subprocess.Popen(  # noqa: S603  # our own line of shell
            ["/bin/sh", "-c", _GUARD, "guard", str(self._process.pid), str(self.folder)],
            stdin=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        until = time.monotonic() + 60
        while True:
            try:
                self.admin("SELECT 1")
            except psycopg.OperationalError:
                if self._process.poll() is not None or time.monotonic() > until:
                    raise RuntimeError((self.folder / "log").read_text()[-2_000:]) from None
                time.sleep(0.02)
            else:
                return

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it: at once but cleanly, or with SIGQUIT as if the machine had lost its power."""
        self._dismiss_guard()
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(30)
            self._process = None

    def kill(self) -> None:
        """SIGKILL to all of it, as a machine that runs out of memory does."""
        self._dismiss_guard()
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(30)
            self._process = None

    def _dismiss_guard(self) -> None:
        if self._guard is not None:
            self._guard.kill()
            self._guard.communicate()
            self._guard = None

    def admin(self, statement: str | sql.Composed, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Run a statement outside of any transaction."""
        return administer(self.url(database), statement)

    def url(self, database: str) -> str:
        """For connections by the socket."""
        return f"postgresql://{USER}@/{database}?host={self.folder}&port={self.port}"

    def tcp_url(
        self, database: str, *, password: str = PASSWORD, user: str = USER, at: str = "127.0.0.1"
    ) -> str:
        """For connections over TCP, with the password, to one of its addresses."""
        password = quote(password, safe="")
        return f"postgresql://{user}:{password}@{at}:{self.port}/{database}"

    def __enter__(self) -> Self:
        """Made and started."""
        try:
            self.make()
            self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it and take its files away."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)


def administer(url: str, statement: str | sql.Composed) -> list[tuple[Any, ...]]:
    """Run one statement outside of any transaction on the database of a URL."""
    with psycopg.connect(url, autocommit=True) as connection:
        done = connection.execute(statement.encode() if isinstance(statement, str) else statement)
        return done.fetchall() if done.description else []


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
