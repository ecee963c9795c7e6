"""Long traces and sessions made short enough to be read, with a visible line where something was left out."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from spanjudge.judging.truncate import cut
from spanjudge.spans.messages import call_text, message_text
from spanjudge.spans.span import Message, Part, ReasoningPart, TextPart, ToolCallPart, ToolResultPart

FOLDED = "folded"
"""The role of a line that stands for what was left out."""

_ONE_STEP = 0.2
"""No step takes more than this share; what is longer is cut in its middle."""

_STAYING = 0.2
_FRONT = 0.4
"""Shares that errors and gaps, and the start, may take; the rest goes to the end, where the outcome is."""

_OVERHEAD = 24
_MOST_WORDS = 8


class Step(msgspec.Struct, frozen=True):
    """One message of a trace or session.

    `word` is what it is counted as when it is folded; `at_ns` when it began; `stays`: it is folded last of
    all (an error, a gap).
    """

    message: Message
    word: str
    at_ns: int = 0
    stays: bool = False


def fold(steps: Sequence[Step], most: int, *, noun: str = "steps") -> tuple[tuple[Message, ...], bool]:
    """Messages of about `most` characters in all, and whether anything was left out.

    The first and last steps and those with errors stay; each run of others becomes one line that counts them.
    """
    if sum(map(_size, steps)) <= most:
        return tuple(step.message for step in steps), False
    short = [_shortened(step, int(most * _ONE_STEP)) for step in steps]
    kept = _kept([_size(step) for step in short], [step.stays for step in short], most)
    messages: list[Message] = []
    run: list[Step] = []
    for index, step in enumerate(short):
        if index not in kept:
            run.append(step)
            continue
        if run:
            messages.append(_line(run, noun))
            run = []
        messages.append(step.message)
    return tuple(messages), True


def with_gap(steps: Sequence[Step], after_ns: int, count: int, noun: str) -> list[Step]:
    """The steps with a line where spans of a very long trace or session were not read."""
    note = Step(
        _note(f"[… {count:,} more spans of this {noun} were not read …]"), "gap", after_ns, stays=True
    )
    place = bisect_right(steps, after_ns, key=lambda step: step.at_ns)
    return [*steps[:place], note, *steps[place:]]


def _kept(sizes: list[int], stays: list[bool], most: int) -> set[int]:
    last = len(sizes) - 1
    kept = {0, last}
    room = most - sizes[0] - (sizes[last] if last else 0)
    for_staying = int(most * _STAYING)
    for index in range(last, -1, -1):
        if stays[index] and index not in kept and sizes[index] <= min(for_staying, room):
            kept.add(index)
            for_staying -= sizes[index]
            room -= sizes[index]
    front = int(room * _FRONT)
    left = _take(range(1, last), sizes, front, kept)
    _take(range(last - 1, 0, -1), sizes, room - front + left, kept)
    return kept


def _take(places: Iterable[int], sizes: list[int], room: int, kept: set[int]) -> int:
    """Keep one after the other as long as there is room; what is left of it."""
    for index in places:
        if index in kept:
            continue
        if sizes[index] > room:
            break
        kept.add(index)
        room -= sizes[index]
    return room


def _line(run: list[Step], noun: str) -> Message:
    counts = Counter(step.word for step in run).most_common()
    told = [f"{count:,} {word}" for word, count in counts[:_MOST_WORDS]]
    others = sum(count for _, count in counts[_MOST_WORDS:])
    if others:
        told.append(f"{others:,} others")
    one = noun.removesuffix("s") if len(run) == 1 else noun
    return _note(f"[… {len(run):,} {one} folded: {', '.join(told)} …]")


def _note(text: str) -> Message:
    return Message(role=FOLDED, parts=(TextPart(text),))


def _size(step: Step) -> int:
    message = step.message
    return len(message_text(message)) + len(message.role) + len(message.name or "") + _OVERHEAD


def _shortened(step: Step, most: int) -> Step:
    if _size(step) <= most:
        return step
    parts = step.message.parts
    share = max(1, most // max(1, len(parts)))
    message = msgspec.structs.replace(step.message, parts=tuple(_cut(part, share) for part in parts))
    return msgspec.structs.replace(step, message=message)


def _cut(part: Part, most: int) -> Part:
    match part:
        case TextPart(content):
            return TextPart(cut(content, most))
        case ReasoningPart(content):
            return ReasoningPart(cut(content, most))
        case ToolResultPart(response, call_id):
            return ToolResultPart(cut(response, most), call_id)
        case ToolCallPart(call):
            text = call_text(call)
            return part if len(text) <= most else TextPart(cut(text, most))
        case _:
            return part
