"""A store moved from one database to another, of the same kind or not."""

from spanjudge.store.copying.copy import Told, copy_store

__all__ = ["Told", "copy_store"]
