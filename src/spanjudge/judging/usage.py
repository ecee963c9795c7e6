"""Tokens a judge call read and wrote, whatever the provider calls them."""

import msgspec


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """Token counts of judge calls; a provider that tells nothing gives no `Usage` at all, never zeros.

    `input` is all that was read, cached tokens included; `output` all that was generated, reasoning
    included; `cached` and `cache_write` are parts of `input`, `reasoning` is a part of `output`.
    """

    input: int
    output: int
    cached: int = 0
    cache_write: int = 0
    reasoning: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        """Sum, count by count."""
        return Usage(
            input=self.input + other.input,
            output=self.output + other.output,
            cached=self.cached + other.cached,
            cache_write=self.cache_write + other.cache_write,
            reasoning=self.reasoning + other.reasoning,
        )

    def shares(self, of: int) -> list["Usage"]:
        """The parts of the results of a call that judged `of` evaluators; they add up to the whole."""
        if of == 1:
            return [self]
        read, written = _divided(self.input, of), _divided(self.output, of)
        if not (self.cached or self.cache_write or self.reasoning):
            return [Usage(input=i, output=o) for i, o in zip(read, written, strict=True)]
        return [
            Usage(input=i, output=o, cached=c, cache_write=w, reasoning=r)
            for i, o, c, w, r in zip(
                read,
                written,
                _divided(self.cached, of),
                _divided(self.cache_write, of),
                _divided(self.reasoning, of),
                strict=True,
            )
        ]


class UsageRow(msgspec.Struct, frozen=True, kw_only=True):
    """What one evaluator used of one judge model on one day (`YYYY-MM-DD`, UTC); `cost_usd` as known."""

    day: str
    evaluator: str
    provider: str
    model: str
    usage: Usage
    cost_usd: float = 0.0
    calls: int = 0
    results: int = 0
    failures: int = 0


def _divided(count: int, of: int) -> list[int]:
    """As even as whole numbers can be."""
    each, left = divmod(count, of)
    return [each + 1] * left + [each] * (of - left)


def total(*usages: Usage | None) -> Usage | None:
    """The sum of what is known; `None` when nothing is."""
    known = [usage for usage in usages if usage is not None]
    if not known:
        return None
    result = known[0]
    for usage in known[1:]:
        result += usage
    return result
