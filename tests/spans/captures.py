"""The captures of real instrumentations under `tests/data/otlp`, read and normalised."""

import json
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from spanjudge.spans.normalize import normalize
from spanjudge.spans.otlp import read_file
from spanjudge.spans.raw import LogEvent, RawSpan
from spanjudge.spans.span import Span
from spanjudge.spans.tree import SpanTree

OTLP = Path(__file__).parent.parent / "data" / "otlp"


class Capture(msgspec.Struct, frozen=True):
    """One scenario of one instrumentation."""

    raws: dict[str, RawSpan]
    spans: dict[str, Span]
    tree: SpanTree


@cache
def capture(folder: str, scenario: str) -> Capture:
    """Spans by their id; log records, where there are any, belong to the span they name."""
    logs: defaultdict[str, list[LogEvent]] = defaultdict(list)
    if (beside := OTLP / folder / f"{scenario}.logs.json").exists():
        for log in read_file(beside).logs:
            logs[log.event.span_id].append(log.event)
    raws = {span.raw.span_id: span.raw for span in read_file(OTLP / folder / f"{scenario}.json").spans}
    spans = {span_id: normalize(raw, logs[span_id]) for span_id, raw in raws.items()}
    return Capture(raws, spans, SpanTree(spans.values()))


def expectations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Folder, scenario and what is expected of one span, for every span of every folder."""
    for file in sorted(OTLP.glob("*/expected.json")):
        for scenario, rows in json.loads(file.read_text("utf-8")).items():
            for row in rows:
                yield file.parent.name, scenario, row
