"""Which targets are judged when not all are."""

import hashlib

_ALL = float(1 << 64)


def sampled(key: str, percent: float) -> bool:
    """Whether a trace (or session) of this id is judged at a rate of 0 to 100 percent.

    The same ids for every evaluator, in every process, after every restart; those of a lower rate are among
    those of a higher one. The id is hashed, so ids that are counted up, or random in few bits, are spread
    as evenly as random ones.
    """
    if percent >= 100:  # noqa: PLR2004  all of them
        return True
    if percent <= 0:
        return False
    digest = hashlib.blake2b(
        key.lower().encode("utf-8", "replace"), digest_size=8, person=b"sampling"
    ).digest()
    return int.from_bytes(digest, "big") / _ALL * 100 < percent
