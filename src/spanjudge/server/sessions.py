"""Sign-in sessions: a cookie that this server signed, and nothing kept about it.

The cookie names a token and says when it was made and last seen; the signature is over the token's hash as
well, so it ends with its token. Its key comes from the data folder's secret: sessions survive a restart,
and every process of one folder knows them.
"""

import base64
import hashlib
import hmac
import time
from collections.abc import Callable

import msgspec

from spanjudge.server.auth import Grant, Tokens

IDLE_SECONDS = 7 * 86_400
LONGEST_SECONDS = 30 * 86_400
RENEW_SECONDS = 3_600
"""A session that was seen longer ago than this gets a new cookie, so that using it keeps it."""

SECURE_PREFIX = "__Host-"
_LONGEST_COOKIE = 512


class Session(msgspec.Struct, frozen=True):
    """A session that holds. Times are seconds since 1970."""

    grant: Grant
    began: int
    seen: int

    @property
    def expires(self) -> int:
        """When it ends unless it is used before."""
        ends = min(self.seen + IDLE_SECONDS, self.began + LONGEST_SECONDS)
        token_ends = self.grant.expires_ns
        return ends if token_ends is None else min(ends, token_ends // 1_000_000_000)


class Sessions:
    """Makes and reads the cookies."""

    def __init__(self, key: bytes, tokens: Tokens, now: Callable[[], float] = time.time) -> None:
        """`key` is the secret of the data folder; what signs is derived from it."""
        self._key = hmac.digest(key, b"spanjudge session cookie", "sha256")
        self._tokens = tokens
        self._now = now
        # Cookies know no ports: two servers of one machine must not sign each other out.
        self.cookie = f"spanjudge_{hashlib.sha256(self._key).hexdigest()[:8]}"

    def begin(self, grant: Grant) -> Session:
        """A new session of a token."""
        now = int(self._now())
        return Session(grant, now, now)

    def renewed(self, session: Session) -> Session | None:
        """The session as seen now, when it is time for a new cookie."""
        now = int(self._now())
        return Session(session.grant, session.began, now) if now - session.seen > RENEW_SECONDS else None

    def value(self, session: Session) -> str:
        """What the cookie holds."""
        text = f"{session.grant.id}.{session.began}.{session.seen}"
        return f"{text}.{self._signature(text, session.grant)}"

    def read(self, value: str) -> Session | None:
        """The session of a cookie, while it holds and its token does."""
        if len(value) > _LONGEST_COOKIE or not value.isascii() or value.count(".") != 3:  # noqa: PLR2004  # its form
            return None
        text, _, signature = value.rpartition(".")
        name, began, seen = text.split(".")
        held: Grant | None = None
        for grant in self._tokens.live():
            if grant.id == name and hmac.compare_digest(self._signature(text, grant), signature):
                held = grant
        if held is None or not began.isdigit() or not seen.isdigit():
            return None
        session = Session(held, int(began), int(seen))
        return session if self._now() < session.expires else None

    def _signature(self, text: str, grant: Grant) -> str:
        digest = hmac.digest(self._key, text.encode() + b"\0" + grant.digest, "sha256")
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")
