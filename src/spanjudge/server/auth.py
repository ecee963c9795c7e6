"""Who may ask: several tokens at once, in every way a platform can send one."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable

Headers = Iterable[tuple[bytes, bytes]]

_OTHER_MEANING = frozenset(
    {
        b"accept",
        b"accept-encoding",
        b"accept-language",
        b"authorization",
        b"connection",
        b"content-encoding",
        b"content-length",
        b"content-type",
        b"date",
        b"expect",
        b"host",
        b"idempotency-key",
        b"origin",
        b"referer",
        b"traceparent",
        b"tracestate",
        b"transfer-encoding",
        b"user-agent",
    }
)
_MOST_HEADERS = 64
_LONGEST_KEY = 4_096


class Tokens:
    """The tokens that open the door; only their hashes are kept, and compared in constant time.

    Taken are `Authorization: Bearer TOKEN` (or any other scheme, or none), `Authorization: Basic` with the
    token as user or as password, and the token as the value of any header that has no meaning of its own:
    the platform's user names that header, and nobody has to name it here again.
    """

    def __init__(self, tokens: Iterable[str]) -> None:
        """Raises `ValueError` when there is none, or a blank one: that would open the door to everybody."""
        self._hashes = _hashes(tokens)

    def replace(self, tokens: Iterable[str]) -> None:
        """Take these from now on; requests under way are not disturbed. Raises `ValueError` as above."""
        self._hashes = _hashes(tokens)

    def accepts(self, headers: Headers) -> bool:
        """Whether the headers (names in lower case) carry one of the tokens."""
        others: list[bytes] = []
        for name, value in headers:
            if name == b"authorization":
                if self._authorizes(value):
                    return True
            elif name not in _OTHER_MEANING and len(others) < _MOST_HEADERS:
                others.append(value)
        return any(self._authorizes(value) for value in others)

    def _authorizes(self, value: bytes) -> bool:
        if len(value) > _LONGEST_KEY:
            return False
        value = value.strip()
        scheme, _, rest = value.partition(b" ")
        rest = rest.strip()
        if rest and self._knows(rest):
            return True
        if rest and scheme.lower() == b"basic":
            try:
                decoded = base64.b64decode(rest, validate=True)
            except (binascii.Error, ValueError):
                return False
            user, _, password = decoded.partition(b":")
            # Both are always looked at, so that the time does not tell which one it was.
            as_user, as_password = self._knows(user), self._knows(password)
            return as_user or as_password
        return self._knows(value)

    def _knows(self, token: bytes) -> bool:
        presented = hashlib.sha256(token).digest()
        known = False
        for stored in self._hashes:
            known |= hmac.compare_digest(stored, presented)
        return known


def _hashes(tokens: Iterable[str]) -> tuple[bytes, ...]:
    stripped = [token.strip() for token in tokens]
    if not stripped or not all(stripped):
        raise ValueError("At least one token is needed, and none may be blank: set O2_JUDGE_AUTH_TOKEN.")
    return tuple(hashlib.sha256(token.encode()).digest() for token in stripped)
