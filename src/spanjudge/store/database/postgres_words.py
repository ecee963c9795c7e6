"""What goes wrong with PostgreSQL, in plain words; nothing of what was to be stored, and no password."""

from typing import Any

from psycopg import Error
from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError, NoSuchModuleError

_SETTING = "SPANJUDGE_DATABASE_URL"

UNCERTAIN = (
    "the connection to {name} was lost at the end of a transaction: whether it was stored is not known;"
    " what is sent again is stored once"
)

# By the beginning of the SQLSTATE, the longest first: https://www.postgresql.org/docs/current/errcodes-appendix.html
_WORDS = {
    "28P01": f"{{name}} refuses the user or the password; check both in {_SETTING}",
    "28": f"{{name}} does not let this user in; check the user in {_SETTING}, and pg_hba.conf",
    "3D000": f"{{name}}: there is no such database; make it (createdb), or correct its name in {_SETTING}",
    "42501": f"{{name}}: the user has not the rights it needs; make the user of {_SETTING} the owner of the"
    " database (ALTER DATABASE … OWNER TO …)",
    "3F": f"{{name}}: the user may use no schema there; make the user of {_SETTING} the owner of the database"
    " (ALTER DATABASE … OWNER TO …)",
    "25006": f"{{name}} takes no writes (a standby, or default_transaction_read_only); name the primary server"
    f" in {_SETTING}",
    "53100": "the disk of {name} is full: nothing of this was stored; make room there",
    "53200": "{name} has not enough memory: nothing of this was stored; see shared memory and"
    " max_locks_per_transaction there",
    "53300": "{name} has too many connections; raise its max_connections (a process of Spanjudge takes up to"
    " 11), or start fewer processes",
    "53": "{name} has not enough of something: nothing of this was stored; see its log",
    "55P03": "{name}: another transaction held a lock for too long: nothing of this was stored; try again",
    "57014": "{name} cancelled a statement, as it took too long or somebody asked for it",
    "57P03": "{name} is starting or shutting down; try again",
    "57P": "{name} ended the connection; try again",
    "58": "reading or writing failed on {name}; check its disk and its log",
    "08": "the connection to {name} was lost; try again",
    "40": "{name} wanted a transaction to be done again too often: nothing of this was stored; try again",
    "XX": "{name} is damaged or has met an error of its own; see its log",
}
# A server that refuses a connection tells why in words alone, in its own language.
_REFUSALS = (
    ("password authentication failed", "28P01"),
    ("no password supplied", "28P01"),
    ("no pg_hba.conf entry", "28"),
    ("authentication failed", "28"),
    ("too many clients", "53300"),
    ("remaining connection slots", "53300"),
    ("too many connections", "53300"),
    ("role ", "28"),
    ('database "', "3D000"),
    ("starting up", "57P03"),
    ("shutting down", "57P03"),
    ("in recovery mode", "57P03"),
    ("permission denied", "42501"),
)
_REPEATED = ("40001", "40P01")


def name_of(url: URL) -> str:
    """Where a database is, for messages."""
    host = url.host or url.query.get("host") or "this machine"
    if not isinstance(host, str):
        host = ", ".join(host)
    port = f":{url.port}" if url.port else ""
    return f"PostgreSQL at {host}{port}/{url.database or ''}"


def state_of(error: BaseException) -> str:
    """The SQLSTATE, or nothing."""
    origin: Any = error.orig if isinstance(error, DBAPIError) else error
    return str(getattr(origin, "sqlstate", None) or "")


def is_to_be_repeated(error: BaseException) -> bool:
    """Whether a transaction was given up for another one: done again from the start it may succeed."""
    return state_of(error) in _REPEATED


def is_lost(error: BaseException) -> bool:
    """Whether a connection that was there is gone."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    return state_of(error).startswith(("08", "57P01", "57P02", "57P05"))


def told(error: BaseException, name: str) -> str:
    """An error in words."""
    if isinstance(error, NoSuchModuleError):
        return f"{_SETTING} cannot be used: {error}"
    state = state_of(error)
    for length in range(len(state), 1, -1):
        words = _WORDS.get(state[:length])
        if words:
            return words.format(name=name)
    if state:
        return f"{name} refused: {type(_origin(error)).__name__} ({state})"
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return _WORDS["08"].format(name=name)
    said = str(_origin(error)).strip() if isinstance(_origin(error), Error) else ""
    for piece, known in _REFUSALS:
        if piece in said and ("FATAL" in said or "no password" in said):
            return _WORDS[known].format(name=name)
    if "connection" in said or "resolve" in said or "translate host" in said:
        why = said.splitlines()[0].rpartition("failed: ")[2]
        return f"{name} cannot be reached ({why}); check host and port in {_SETTING}, and that it runs"
    return f"{name} failed: {type(_origin(error)).__name__}"


def _origin(error: BaseException) -> BaseException:
    return (error.orig or error) if isinstance(error, DBAPIError) else error
