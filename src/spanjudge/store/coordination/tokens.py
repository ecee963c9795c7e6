"""Tokens that were made, as hashes."""

from sqlalchemy import Connection, text

from spanjudge.pipeline.coordination import KeptToken
from spanjudge.store.keys import readable

_all = text("SELECT id, digest, scopes, name, created_ns, expires_ns FROM tokens ORDER BY created_ns, id")
_keep = text(
    "INSERT INTO tokens (id, digest, scopes, name, created_ns, expires_ns)"
    " VALUES (:id, :digest, :scopes, :name, :created_ns, :expires_ns) ON CONFLICT (id) DO NOTHING"
)
_drop = text("DELETE FROM tokens WHERE id = :id")


def tokens(connection: Connection) -> list[KeptToken]:
    """See `KeptTokens.tokens`."""
    return [
        KeptToken(
            id=row.id,
            digest=bytes(row.digest),
            scopes=row.scopes,
            name=row.name,
            created_ns=row.created_ns,
            expires_ns=row.expires_ns,
        )
        for row in connection.execute(_all)
    ]


def keep(connection: Connection, token: KeptToken) -> None:
    """See `KeptTokens.keep_token`."""
    connection.execute(
        _keep,
        {
            "id": token.id,
            "digest": token.digest,
            "scopes": token.scopes,
            "name": readable(token.name),
            "created_ns": token.created_ns,
            "expires_ns": token.expires_ns,
        },
    )


def drop(connection: Connection, token_id: str) -> bool:
    """See `KeptTokens.drop_token`."""
    return connection.execute(_drop, {"id": readable(token_id)}).rowcount > 0
