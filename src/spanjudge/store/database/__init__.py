"""Connections to a database: threads, transactions, and errors in plain words. SQLite or PostgreSQL."""

from spanjudge.store.database.database import Database, Value, Work
from spanjudge.store.database.opening import open_database

__all__ = ["Database", "Value", "Work", "open_database"]
