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

    def share(self, index: int, of: int) -> "Usage":
        """The part of one result in a call that judged `of` evaluators; all parts add up to the whole."""

        def part(total: int) -> int:
            return total // of + (1 if index < total % of else 0)

        return Usage(
            input=part(self.input),
            output=part(self.output),
            cached=part(self.cached),
            cache_write=part(self.cache_write),
            reasoning=part(self.reasoning),
        )


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


def total(*usages: Usage | None) -> Usage | None:
    """The sum of what is known; `None` when nothing is."""
    known = [usage for usage in usages if usage is not None]
    if not known:
        return None
    result = known[0]
    for usage in known[1:]:
        result += usage
    return result
