"""What other processes tell of a store that they share: that there is something new to look at."""

from collections.abc import AsyncGenerator
from typing import Literal, Protocol

Changed = Literal["jobs", "results", "evaluators"]
"""Jobs became due or were handed back; results were stored (with outbox entries); evaluators changed."""


class Changes(Protocol):
    """A store that tells of changes."""

    def changes(self) -> AsyncGenerator[Changed, None]:
        """What changed, by whichever process (this one too), a moment after it is on disk.

        Changes of one kind within a moment come as one. After the connection was made, and each time it was
        made again after it was lost, every kind comes once: what happened before is not known. It is a hint
        that saves waiting: a change may be lost with the process that made it, so whoever must not miss one
        looks now and then as well. On SQLite nothing ever comes.

        It does not end before the store is closed and raises nothing. Close the iterator (or cancel the task
        that waits for it) to give its connection back.
        """
        ...
