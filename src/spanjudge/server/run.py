"""Serving: an ASGI application on a port, until a signal ends it, with nothing under way lost.

uvicorn does the HTTP; what it leaves open is closed here: connections that send their request's head too
slowly or without end, requests that are no HTTP, more connections than wanted – each answered in our
shape – and a port that cannot be had, said in plain words.
"""

import asyncio
import contextlib
import errno
import logging
import signal
import socket
import time
from collections.abc import Awaitable, Callable, Generator
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from spanjudge.errors import SettingsError
from spanjudge.server.errors import raw_response
from spanjudge.server.limits import App, Limits

logger = logging.getLogger(__name__)

BACKLOG = 2_048
"""Connections the kernel holds while they wait to be accepted; a thousand at once must find room."""
OPEN_FILES = 65_536
HIGHEST_PORT = 65_535
SWEEP_TICKS = 10  # uvicorn ticks ten times a second


async def serve(  # one keyword for each thing a caller may want otherwise
    app: App,
    host: str,
    port: int,
    *,
    limits: Limits | None = None,
    drain_seconds: float = 30.0,
    on_listening: Callable[[str, int], None] | None = None,
    drain: Callable[[float], Awaitable[None]] | None = None,
    stop: asyncio.Event | None = None,
    ending: asyncio.Event | None = None,
) -> None:
    """Serve until SIGTERM, SIGINT or `stop`; a second signal ends it at once.

    Port 0 takes a free one; `on_listening` is told host and port once requests are taken. On a signal no
    more connections are taken, `ending` is set, requests under way are given `drain_seconds`, and `drain` is
    called with what is left of them. Raises `SettingsError` when the address cannot be had.
    """
    limits = limits or Limits()
    _raise_open_files()
    listening = listen(host, port)
    port = listening.getsockname()[1]
    try:
        config = uvicorn.Config(
            app,
            http=_protocol(limits),
            ws="none",
            lifespan="on",
            interface="asgi3",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            backlog=BACKLOG,
            timeout_keep_alive=round(limits.keep_alive_seconds),
            timeout_graceful_shutdown=max(1, round(drain_seconds)),
        )
        server = _Server(config, lambda: on_listening(host, port) if on_listening else None, stop, ending)
        # uvicorn leaves the process when the application cannot start; a caller has things to close.
        with contextlib.suppress(SystemExit):
            await server.serve(sockets=[listening])
        if server.start_failed:
            raise SettingsError("The server did not start: the log says why.")
        if drain is not None:
            await drain(max(0.0, drain_seconds - server.seconds_since_signal()))
    finally:
        listening.close()


def listen(host: str, port: int) -> socket.socket:
    """A bound socket. Raises `SettingsError` that says what to do when the address cannot be had."""
    if not 0 <= port <= HIGHEST_PORT:
        raise SettingsError(f"O2_JUDGE_PORT={port} is no port: use 1 to {HIGHEST_PORT}, or 0 for a free one.")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (socket.gaierror, UnicodeError) as error:
        raise SettingsError(
            f"O2_JUDGE_HOST={host} is no address of this machine: "
            "use 0.0.0.0 for all or 127.0.0.1 for this machine only."
        ) from error
    bound = socket.socket(family, kind, protocol)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except OSError as error:
        bound.close()
        raise SettingsError(_why_not(host, port, error)) from error
    bound.setblocking(False)  # noqa: FBT003  # the call is as old as sockets
    return bound


def new_event_loop() -> asyncio.AbstractEventLoop:
    """A uvloop event loop where there is uvloop, else Python's own: for `asyncio.Runner(loop_factory=…)`."""
    try:
        import uvloop  # noqa: PLC0415  # there is none on Windows
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def _why_not(host: str, port: int, error: OSError) -> str:
    number = error.errno
    if number == errno.EADDRINUSE:
        return (
            f"Port {port} on {host} is in use by another process: "
            "stop that one, or set O2_JUDGE_PORT to a free port (0 takes any)."
        )
    if number == errno.EACCES:
        return f"Port {port} needs more rights than this process has: set O2_JUDGE_PORT to 1024 or above."
    if number == errno.EADDRNOTAVAIL:
        return f"O2_JUDGE_HOST={host} is no address of this machine: use 0.0.0.0 for all or 127.0.0.1."
    return f"Cannot listen on {host} port {port} ({error}): set O2_JUDGE_HOST and O2_JUDGE_PORT."


def _raise_open_files() -> None:
    """A thousand clients and their judge calls need more open files than the usual 1,024."""
    try:
        import resource  # noqa: PLC0415  # there is none on Windows
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class _Server(uvicorn.Server):
    """uvicorn's server, ended by signals without raising them again, and with an eye on slow senders."""

    def __init__(
        self,
        config: uvicorn.Config,
        on_listening: Callable[[], None],
        stop: asyncio.Event | None,
        ending: asyncio.Event | None,
    ) -> None:
        super().__init__(config)
        self._stop = stop
        self._ending = ending
        self._on_listening = on_listening
        self._signalled: float | None = None
        self.start_failed = True

    def seconds_since_signal(self) -> float:
        """0 when it ended without one."""
        return 0.0 if self._signalled is None else time.monotonic() - self._signalled

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's; then tell that it listens."""
        await super().startup(sockets)
        if self.started:
            self.start_failed = False
            self._on_listening()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The first signal ends it in order, the second at once."""
        del sig, frame
        if self.should_exit:
            self.force_exit = True
        self.should_exit = True
        if self._ending is not None:
            self._ending.set()
        self._signalled = self._signalled or time.monotonic()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Take the signals through the event loop: what comes after serving still has to run."""
        loop = asyncio.get_running_loop()
        taken: list[signal.Signals] = []
        for number in (signal.SIGINT, signal.SIGTERM):
            # Only the main thread of a Unix process can; elsewhere the caller ends the server.
            with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
                loop.add_signal_handler(number, self.handle_exit, number, None)
                taken.append(number)
        try:
            yield
        finally:
            for number in taken:
                loop.remove_signal_handler(number)

    async def on_tick(self, counter: int) -> bool:
        """As uvicorn's; once a second look after slow senders."""
        if self._stop is not None and self._stop.is_set() and not self.should_exit:
            self.handle_exit(signal.SIGTERM, None)
        if counter % SWEEP_TICKS == 0:
            now = asyncio.get_running_loop().time()
            # Their type names a websocket library, which need not be there.
            connections: list[Any] = list(self.server_state.connections)
            for connection in connections:
                if isinstance(connection, _Protocol):
                    connection.end_if_slow(now)
        return await super().on_tick(counter)


class _Protocol(HttpToolsProtocol):
    """uvicorn's connection, with limits for what happens before and after the application is asked."""

    limits = Limits()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head_since: float | None = None
        self._head_bytes = 0
        self._body_since: float | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        self._head_since = self.loop.time()
        if len(self.connections) > self.limits.connections:
            self._end(raw_response("OVERLOADED", "Too many connections: try again in a moment.", 1))

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._head_since is not None and not self.transport.is_closing():
            self._head_bytes += len(data)
            if self._head_bytes > self.limits.head_bytes:
                self._end(
                    raw_response(
                        "HEADERS_TOO_LARGE",
                        f"The headers are longer than {self.limits.head_bytes:,} bytes: send fewer.",
                    )
                )

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head_since = self.loop.time()
        self._head_bytes = 0

    def on_headers_complete(self) -> None:
        self._head_since = None
        self._body_since = self.loop.time()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._body_since = None
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        del msg
        self._end(
            raw_response(
                "INVALID_REQUEST", "This is no HTTP request: check that the URL says http and not https."
            )
        )

    def end_if_slow(self, now: float) -> None:
        """End a connection whose head takes too long, or whose body comes long after its answer."""
        if self.transport.is_closing():
            return
        if self._head_since is not None and now - self._head_since > self.limits.head_seconds:
            self._end(
                raw_response(
                    "REQUEST_TIMEOUT",
                    f"The request did not begin within {self.limits.head_seconds:g} s: send it faster.",
                )
            )
        elif (
            self._body_since is not None
            and now - self._body_since > self.limits.read_seconds
            and self.cycle.response_complete
        ):
            self.transport.close()

    def _end(self, response: bytes) -> None:
        self.transport.write(response)
        self.transport.close()


def _protocol(limits: Limits) -> type[_Protocol]:
    return type("Protocol", (_Protocol,), {"limits": limits})
