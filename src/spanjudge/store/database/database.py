"""What the store needs of a database."""

from collections.abc import AsyncGenerator, Callable, Iterable
from typing import Protocol, TypeVar

from sqlalchemy import Connection

Value = TypeVar("Value")
Work = Callable[[Connection], Value]
"""What is done within a transaction. It may be done again from the start, when the database asks for it."""


class Database(Protocol):
    """A database, from the threads that may touch it. Every method raises `StoreError`."""

    @property
    def name(self) -> str:
        """What it is called in messages; without a password."""
        ...

    @property
    def is_shared(self) -> bool:
        """Whether other processes store here as well, at the same time: on PostgreSQL."""
        ...

    async def write(self, work: Work[Value]) -> Value:
        """Do this in a transaction of its own that is on disk when this returns."""
        ...

    async def read(self, work: Work[Value]) -> Value:
        """Do this on one unchanging view of the data."""
        ...

    async def look(self, work: Work[Value]) -> Value:
        """As `read`, for pages: on connections of their own, so that nothing else waits for them."""
        ...

    def announce(self, *channels: str) -> None:
        """Tell other processes, soon, that something has changed; what was changed is committed already.

        Best effort: whoever must not miss it looks now and then as well.
        """
        ...

    def listen(self, channels: Iterable[str]) -> AsyncGenerator[str, None]:
        """The channels on which something was announced, by whichever process, as it happens.

        After the connection was made, and each time it was made again, every channel comes once: what was
        announced before is not known. On SQLite nothing ever comes.
        """
        ...

    async def aclose(self) -> None:
        """Wait for what is under way and close every connection."""
        ...
