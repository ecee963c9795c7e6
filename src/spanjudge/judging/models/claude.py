"""What each generation of Claude takes: sampling, thinking, effort, structured output, caps, caching.

Read from the vendor's SDK and documentation on 2026-11-21. A name this table does not know is treated as
the strictest generation, so that a new model works before the table knows it.
"""

import re

import msgspec

_ALL_EFFORTS = ("low", "medium", "high", "xhigh", "max")


class Claude(msgspec.Struct, frozen=True, kw_only=True):
    """One generation's rules.

    `thinking_off` is the type of thinking that turns it off, empty where it is off when nothing is sent,
    `None` where it cannot be turned off; `thinking_on` the type that turns it on. `budget` asks for
    `budget_tokens` beside it. `cached_from` is the shortest prefix (tokens) the vendor caches.
    """

    sampling: bool = False
    schema: bool = True
    forced_tool: bool = True
    tool_while_thinking: bool = True
    thinking_off: str | None = ""
    thinking_on: str = "adaptive"
    budget: bool = False
    efforts: tuple[str, ...] = _ALL_EFFORTS
    max_tokens: int = 128_000
    cached_from: int = 1024


_BUDGETED = Claude(
    sampling=True,
    thinking_on="enabled",
    budget=True,
    efforts=("low", "medium", "high"),
    tool_while_thinking=False,
    max_tokens=64_000,
)
_GEN_3 = Claude(sampling=True, schema=False, efforts=(), max_tokens=8_192)
_GEN_4 = msgspec.structs.replace(_BUDGETED, schema=False, max_tokens=32_000)
_GEN_4_6 = Claude(sampling=True, efforts=("low", "medium", "high", "max"))
_GEN_5 = Claude(thinking_off="disabled", cached_from=512)
_STRICTEST = Claude(thinking_off=None, forced_tool=False, cached_from=512)

_replace = msgspec.structs.replace
_GENERATIONS: dict[str, Claude] = {
    "haiku-3": _replace(_GEN_3, max_tokens=4_096, cached_from=2048),
    "sonnet-3": _replace(_GEN_3, max_tokens=4_096),
    "opus-3": _replace(_GEN_3, max_tokens=4_096),
    "haiku-3-5": _replace(_GEN_3, cached_from=2048),
    "sonnet-3-5": _GEN_3,
    "sonnet-3-7": _replace(_GEN_4, max_tokens=64_000),
    "sonnet-4": _replace(_GEN_4, max_tokens=64_000),
    "opus-4": _GEN_4,
    "opus-4-1": _replace(_GEN_4, schema=True),
    "haiku-4-5": _replace(_BUDGETED, cached_from=4096),
    "sonnet-4-5": _BUDGETED,
    "opus-4-5": _replace(_BUDGETED, cached_from=4096),
    "sonnet-4-6": _GEN_4_6,
    "opus-4-6": _replace(_GEN_4_6, cached_from=4096),
    "opus-4-7": Claude(cached_from=2048),
    "opus-4-8": Claude(),
    "opus-5": _GEN_5,
    "sonnet-5": _replace(_GEN_5, cached_from=1024),
    "haiku-5-5": _GEN_5,
    "sonnet-5-5": _replace(_GEN_5, thinking_off="between_tools", forced_tool=False),
    "opus-5-5": _STRICTEST,
}

_FAMILY = "opus|sonnet|haiku"
# claude-3-5-sonnet-20241022, claude-sonnet-4-5-20250929, claude-sonnet-4-20250514, claude-opus-5-5
_OLD_NAME = re.compile(rf"claude-(\d)(?:-(\d))?-({_FAMILY})")
_NEW_NAME = re.compile(rf"claude-({_FAMILY})-(\d)(?:-(\d)(?!\d))?")


def claude(model: str) -> Claude:
    """The rules for a model's name; dates, `-latest` and what a gateway puts in front are understood."""
    name = model.lower()
    if found := _OLD_NAME.search(name):
        major, minor, family = found.groups()
    elif found := _NEW_NAME.search(name):
        family, major, minor = found.groups()
    else:
        return _STRICTEST
    return _GENERATIONS.get("-".join(filter(None, (family, major, minor))), _STRICTEST)
