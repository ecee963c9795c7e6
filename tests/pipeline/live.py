"""Spans of a made-up application, and a pipeline that judges them."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from spanjudge.evaluators.answer_format import Boolean
from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.judging.judge import Judge
from spanjudge.judging.models.model import JudgeModel
from spanjudge.judging.models.scripted import ScriptedModel
from spanjudge.pipeline.clock import Now
from spanjudge.pipeline.options import PipelineOptions
from spanjudge.pipeline.pipeline import Pipeline
from spanjudge.pipeline.ports import Exporter, Job, Store
from spanjudge.spans.otlp import ReceivedLog, ReceivedSpan, read_logs, read_spans
from spanjudge.store.store import open_store
from spanjudge.telemetry.evaluated import Evaluated, Target

QUICK = PipelineOptions(poll=0.02, grace=0.2, purge_every=3600.0)
PATIENCE = 20.0


def question(name: str, *, judge: str = "default", service: str = "") -> Evaluator:
    """A rubric evaluator of every model call."""
    evaluator = Evaluator(name=name, rubric=f"Is it {name}?", answer=Boolean(), judge=judge)
    if not service:
        return evaluator
    scope = type(evaluator.scope)(services=(service,))
    return Evaluator(name=name, rubric=f"Is it {name}?", answer=Boolean(), judge=judge, scope=scope)


def target(number: int) -> Target:
    """What `chats` makes of this number."""
    return Target(trace_id=f"{number + 1:032x}", span_id=f"{number + 1:016x}")


def request(
    numbers: Sequence[int], *, content: bool = True, text: str = "", trace: int | None = None
) -> ExportTraceServiceRequest:
    """One chat span for each number, in a trace of its own or in that of another number."""
    message = ExportTraceServiceRequest()
    resource = message.resource_spans.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "travel-desk"
    scope = resource.scope_spans.add()
    scope.scope.name = "an.instrumentation"
    begin = time.time_ns()
    for number in numbers:
        span = scope.spans.add(
            trace_id=((number if trace is None else trace) + 1).to_bytes(16, "big"),
            span_id=(number + 1).to_bytes(8, "big"),
            name="chat m-1",
            kind=3,
            start_time_unix_nano=begin - 1_000_000_000,
            end_time_unix_nano=begin,
        )
        attributes = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai"}
        attributes["gen_ai.request.model"] = "m-1"
        attributes["gen_ai.response.id"] = f"r-{number}"
        if content:
            said = text or f"Where is gate {number}?"
            attributes["gen_ai.input.messages"] = _message("user", said)
            attributes["gen_ai.output.messages"] = _message("assistant", f"Gate {number} is on the left.")
        for key, value in attributes.items():
            span.attributes.add(key=key).value.string_value = value
    return message


def chats(
    *numbers: int, content: bool = True, text: str = "", trace: int | None = None
) -> Sequence[ReceivedSpan]:
    """As receivers hand them over."""
    return read_spans(request(numbers, content=content, text=text, trace=trace)).spans


def events(number: int) -> Sequence[ReceivedLog]:
    """What was said in the span of that number, as log events."""
    message = ExportLogsServiceRequest()
    scope = message.resource_logs.add().scope_logs.add()
    scope.scope.name = "an.instrumentation"
    for name, text in (("gen_ai.user.message", "Where to?"), ("gen_ai.choice", "To the left.")):
        record = scope.log_records.add(
            trace_id=(number + 1).to_bytes(16, "big"),
            span_id=(number + 1).to_bytes(8, "big"),
            event_name=name,
            time_unix_nano=time.time_ns(),
        )
        values = record.body.kvlist_value.values
        if name == "gen_ai.choice":
            inner = values.add(key="message").value.kvlist_value.values
            inner.add(key="role").value.string_value = "assistant"
            inner.add(key="content").value.string_value = text
            values.add(key="index").value.int_value = 0
        else:
            values.add(key="content").value.string_value = text
    return read_logs(message).logs


def _message(role: str, text: str) -> str:
    said = text.replace('"', "'")
    return f'[{{"role": "{role}", "parts": [{{"type": "text", "content": "{said}"}}]}}]'


class Inbox:
    """A destination: keeps what it gets, says when there is enough, raises what `trouble` gives."""

    def __init__(self, name: str = "inbox") -> None:
        self.name = name
        self.batches: list[list[Evaluated]] = []
        self.trouble: Callable[[Sequence[Evaluated]], Exception | None] = lambda _: None
        self.calls = 0
        self._changed = asyncio.Condition()

    @property
    def results(self) -> dict[str, Evaluated]:
        """Each once."""
        return {one.id: one for batch in self.batches for one in batch}

    async def export(self, batch: Sequence[Evaluated]) -> None:
        self.calls += 1
        trouble = self.trouble(batch)
        async with self._changed:
            if trouble is None:
                self.batches.append(list(batch))
            self._changed.notify_all()
        if trouble is not None:
            raise trouble

    async def got(self, count: int) -> list[Evaluated]:
        """Wait for so many different results."""
        async with asyncio.timeout(PATIENCE), self._changed:
            await self._changed.wait_for(lambda: len(self.results) >= count)
        return list(self.results.values())

    async def called(self, count: int) -> None:
        """Wait for so many attempts."""
        async with asyncio.timeout(PATIENCE), self._changed:
            await self._changed.wait_for(lambda: self.calls >= count)

    async def aclose(self) -> None:
        """Nothing is open."""


class Live:
    """A running pipeline over a store of its own."""

    def __init__(self, pipeline: Pipeline, store: Store, inbox: Inbox, judges: Mapping[str, Judge]) -> None:
        self.pipeline = pipeline
        self.store = store
        self.inbox = inbox
        self.judges = judges

    async def receive(self, *numbers: int) -> None:
        await self.pipeline.receive(chats(*numbers), ())

    async def jobs(self, *numbers: int) -> list[Job]:
        return await self.store.jobs_of([target(number) for number in numbers])

    async def ended(self, *numbers: int) -> list[Job]:
        """Wait until every job of these spans has an end, and there is one."""

        async def over() -> bool:
            jobs = await self.jobs(*numbers)
            return bool(jobs) and all(job.state not in ("waiting", "leased") for job in jobs)

        await eventually(over)
        return await self.jobs(*numbers)


async def eventually(holds: Callable[[], Awaitable[bool]], *, seconds: float = PATIENCE) -> None:
    """Wait for what no event tells: the store is asked again and again."""
    async with asyncio.timeout(seconds):
        while not await holds():  # noqa: ASYNC110 - what is in a store is no event
            await asyncio.sleep(0.01)


def path(folder: Path) -> str:
    return f"sqlite:///{folder / 'spanjudge.db'}"


@contextlib.asynccontextmanager
async def live(
    folder: Path,
    models: JudgeModel | Mapping[str, JudgeModel] | None = None,
    evaluators: Sequence[Evaluator] = (question("polite"), question("right")),
    *,
    options: PipelineOptions = QUICK,
    exporters: Sequence[Exporter] | None = None,
    now: Now | None = None,
    store: Store | None = None,
    judges: Mapping[str, Judge] | None = None,
) -> AsyncGenerator[Live]:
    """A pipeline with these evaluators published, running; the store is opened anew unless it is given."""
    if models is None or not isinstance(models, Mapping):
        models = {"default": models or ScriptedModel()}
    judges = judges or {name: Judge(model) for name, model in models.items()}
    own = await open_store(path(folder)) if store is None else store
    inbox = Inbox()
    clock = now or time.time_ns
    await own.apply(evaluators, publish=True, now_ns=clock())
    pipeline = Pipeline(own, judges, [inbox] if exporters is None else exporters, options, now=now)
    await pipeline.start()
    try:
        yield Live(pipeline, own, inbox, judges)
    finally:
        await pipeline.stop(2.0)
        if store is None:
            await own.aclose()
        for judge in judges.values():
            await judge.aclose()


class Shifted:
    """The time, and what a test adds to it."""

    def __init__(self) -> None:
        self.ahead = 0

    def __call__(self) -> int:
        return time.time_ns() + self.ahead

    def forward(self, seconds: float) -> None:
        self.ahead += int(seconds * 1e9)
