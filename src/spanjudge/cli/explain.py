"""`spanjudge explain`: why a span was judged, or was not, one line for each evaluator."""

import asyncio
import json
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from spanjudge.pipeline.explain import Explanation
    from spanjudge.pipeline.ports import Store, StoredSpan
    from spanjudge.settings import Settings
    from spanjudge.spans.raw import RawSpan
    from spanjudge.spans.span import Span

_TEXT_WIDTH = 100
_SECOND = 1_000_000_000
_ALWAYS = frozenset({"operation", "input", "output"})
"""Facts that are shown even when there are none."""


def command(
    span_id: Annotated[str, typer.Argument(help="The span's id: 16 hexadecimal digits.")],
    trace_id: Annotated[
        str | None, typer.Option(help="The trace's id, where several traces hold a span of this id.")
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Tell for each evaluator how it stands with a span: judged, waiting, failed, or why not.

    The store is that of the settings; a server may be running beside it.

    Example:  spanjudge explain 6205d5963e896b7a
    """
    from spanjudge import settings  # noqa: PLC0415 - see `cli/main.py`

    # No judge is asked, so none has to be set.
    loaded = settings.load(fallback_provider="scripted", whole=True)
    raw, span, found, shape = asyncio.run(_explained(loaded, span_id, trace_id, shaped=as_json))
    if as_json:
        print(json.dumps(shape | {"span": _span_json(raw, span)}, indent=2, ensure_ascii=False))
        return
    print("\n".join(_summary(raw, span)))
    print()
    print("\n".join(_table(found)))


async def _explained(
    settings: "Settings", span_id: str, trace_id: str | None, *, shaped: bool
) -> "tuple[RawSpan, Span, list[Explanation], dict[str, Any]]":
    """The span, how it stands with each evaluator, and the same as the API tells it if it is `shaped`."""
    from spanjudge.app.options import window_times  # noqa: PLC0415 - see `cli/main.py`
    from spanjudge.cli.evaluators.stored import opened_if_there  # noqa: PLC0415 - as above
    from spanjudge.pipeline.explain import SpanNotFoundError, explain, locate  # noqa: PLC0415 - as above
    from spanjudge.pipeline.subjects import read_stored  # noqa: PLC0415 - as above

    async with opened_if_there() as store:
        if store is None:
            raise SpanNotFoundError(f"no span {span_id}: no server has kept anything yet in this store")
        stored = await locate(store, span_id, trace_id=trace_id)
        found = await explain(
            store,
            stored.span_id,
            trace_id=stored.trace_id,
            now_ns=time.time_ns(),
            times=window_times(settings),
        )
        shape = await _shape(store, stored, found) if shaped else {}
    raw, span = read_stored(stored)
    return raw, span, found, shape


async def _shape(store: "Store", stored: "StoredSpan", found: "list[Explanation]") -> dict[str, Any]:
    from spanjudge.server.rest.results import told  # noqa: PLC0415 - see `cli/main.py`

    numbers = await told.numbers_of(store.queries, found)
    return told.explained_span(stored.trace_id, stored.span_id, found, numbers=numbers).model_dump(
        mode="json"
    )


def _summary(raw: "RawSpan", span: "Span") -> list[str]:
    """What span it is, as it was understood."""
    from spanjudge.cli.columns import shortened  # noqa: PLC0415 - see `cli/main.py`

    known = _span_json(raw, span)
    rows = {
        "span": f"{raw.span_id} in trace {raw.trace_id}",
        "name": f"{shortened(raw.name, _TEXT_WIDTH)} ({raw.resource.service})",
        "started": f"{known['started']}, {known['seconds']:.3f} s",
        "operation": " ".join(filter(None, (known["operation"], known["provider"], known["model"]))),
        "dialect": span.dialect,
        "session": span.conversation_id or "",
        "input": shortened(span.input_text or "", _TEXT_WIDTH),
        "output": shortened(span.output_text or "", _TEXT_WIDTH),
        "error": shortened(span.error or "", _TEXT_WIDTH),
        **{f"note {number}": note for number, note in enumerate(span.notes, 1)},
    }
    width = max(map(len, rows))
    return [f"{name:<{width}}  {value or '-'}" for name, value in rows.items() if value or name in _ALWAYS]


def _table(found: "list[Explanation]") -> list[str]:
    from spanjudge.cli.columns import columns  # noqa: PLC0415 - see `cli/main.py`

    if not found:
        return [
            "The store holds no evaluators, so nothing is judged: `spanjudge evaluators apply` brings some."
        ]
    return list(columns(("EVALUATOR", "VERSION", "HOW IT STANDS"), [_row(one) for one in found]))


def _row(one: "Explanation") -> tuple[str, str, str]:
    return one.evaluator, one.version, one.line


def _span_json(raw: "RawSpan", span: "Span") -> dict[str, Any]:
    from spanjudge.cli.evaluators.stored import moment  # noqa: PLC0415 - see `cli/main.py`

    return {
        "trace_id": raw.trace_id,
        "span_id": raw.span_id,
        "parent_span_id": raw.parent_span_id or None,
        "name": raw.name,
        "service": raw.resource.service,
        "started": moment(raw.start_ns),
        "seconds": max(0, raw.end_ns - raw.start_ns) / _SECOND,
        "operation": span.operation or span.kind,
        "provider": span.provider,
        "model": span.response_model or span.request_model,
        "dialect": span.dialect or None,
        "session_id": span.conversation_id,
        "has_content": span.has_content,
        "error": span.error,
        "notes": list(span.notes),
    }
