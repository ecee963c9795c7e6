"""Who is asking, and the tokens."""

from typing import Literal

from pydantic import Field

from spanjudge.server.rest.shapes.listing import Body, Shape
from spanjudge.server.rest.shapes.times import Instant

Scope = Literal["score", "ingest", "read", "admin"]


class SignIn(Body):
    """A token for a session cookie."""

    token: str = Field(min_length=1, max_length=4096)


class Session(Shape):
    """Who is signed in."""

    scopes: list[Scope]
    name: str = ""
    expires: Instant | None = None
    version: str
    by: Literal["cookie", "token"]


class TokenRow(Shape):
    """A token, of which only the hash is kept."""

    id: str
    name: str
    scopes: list[Scope]
    created: Instant
    expires: Instant | None = None


class TokenList(Shape):
    """Tokens of the file; those of the environment are counted only.

    `only_in` is the file when other processes may share the store: who cannot read it does not know them.
    """

    items: list[TokenRow]
    from_settings: int
    only_in: str | None = None


class NewToken(Body):
    """A token to be made."""

    name: str = Field(default="", max_length=100)
    scopes: list[Scope] = Field(default=["ingest"], min_length=1)
    expires_days: int | None = Field(default=None, ge=1, le=3650)


class MadeToken(Shape):
    """The token is shown this once."""

    token: str
    row: TokenRow


class Setup(Shape):
    """What snippets are made of."""

    http: str = Field(
        description="This server's address as the browser sees it.", examples=["http://127.0.0.1:5080"]
    )
    grpc: str | None = Field(default=None, description="host:port of OTLP/gRPC, or null when it is off.")
    version: str
    judge: str = Field(description="Provider and model of the default judge.")
    scorers: list[str] = []
    received: int = Field(description="Spans stored so far.")
    last_service: str = ""
    last_received: Instant | None = None
