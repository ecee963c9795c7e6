"""How often a wrong token may be tried: a little for one address, more for all together."""

import ipaddress
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

WINDOW_SECONDS = 60.0
OF_ONE = 10
OF_ALL = 300
MOST_ADDRESSES = 10_000


class Attempts:
    """Wrong tokens of the last minute, by address. In memory, so of this process."""

    def __init__(
        self, of_one: int = OF_ONE, of_all: int = OF_ALL, now: Callable[[], float] = time.monotonic
    ) -> None:
        """Most wrong ones a minute."""
        self._of_one = of_one
        self._of_all = of_all
        self._now = now
        self._by_address: dict[str, deque[float]] = {}
        self._all: deque[float] = deque()

    def wait(self, address: str) -> float:
        """Seconds until this address may try again; 0 when it may now."""
        now = self._now()
        own = self._by_address.get(address)
        return max(
            self._left(self._all, self._of_all, now), self._left(own, self._of_one, now) if own else 0.0
        )

    def failed(self, address: str) -> None:
        """Note a wrong token."""
        now = self._now()
        self._all.append(now)
        if address not in self._by_address and len(self._by_address) >= MOST_ADDRESSES:
            self._by_address = {
                known: times for known, times in self._by_address.items() if times[-1] > now - WINDOW_SECONDS
            }
        self._by_address.setdefault(address, deque(maxlen=self._of_one)).append(now)

    @staticmethod
    def _left(times: deque[float], most: int, now: float) -> float:
        while times and times[0] <= now - WINDOW_SECONDS:
            times.popleft()
        return times[-most] + WINDOW_SECONDS - now if len(times) >= most else 0.0


def address_of(scope: Mapping[str, Any]) -> str:
    """Who is at the other end; behind a proxy of this machine or network, whom that names last.

    IPv6 addresses count by their network of 64 bits: one client has all of it.
    """
    client: tuple[str, int] | None = scope.get("client")
    peer = _parsed(client[0] if client else "")
    if peer is None:
        return "unknown"
    if peer.is_private or peer.is_loopback:
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        forwarded = next((value for name, value in reversed(headers) if name == b"x-forwarded-for"), b"")
        peer = _parsed(forwarded.rpartition(b",")[2].decode("latin-1").strip()) or peer
    if isinstance(peer, ipaddress.IPv6Address):
        return str(ipaddress.IPv6Network((peer, 64), strict=False))
    return str(peer)


def _parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
