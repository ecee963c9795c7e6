"""A whole trace, read: where it begins, what came in and out, and its steps in order."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from spanjudge.judging.material import documents_text
from spanjudge.judging.span_subject import output_of
from spanjudge.pipeline.folding import Step
from spanjudge.spans.parts import as_json
from spanjudge.spans.span import (
    Document,
    Message,
    Part,
    Span,
    TextPart,
    ToolCall,
    ToolCallPart,
    ToolDefinition,
    ToolResultPart,
)
from spanjudge.spans.tree import SpanTree

_PATH = " › "


class Trace:
    """The spans of one trace, in order of start. At least one must be given.

    `head` is the outermost span that is about GenAI (the first of several), or the first span. `calls` are
    the model calls, each once though two instrumentations recorded it.
    """

    def __init__(self, spans: Sequence[Span]) -> None:
        """See the class."""
        self.spans = tuple(sorted(spans, key=lambda span: span.start_ns))
        self.tree = SpanTree(self.spans)
        about = [span for span in self.spans if is_genai(span)]
        self._heads = [span for span in about if not any(map(is_genai, self.above(span)))]
        self.head = self._heads[0] if self._heads else self.spans[0]
        calls = [span for span in about if span.is_model_call]
        once = [span for span in calls if self.tree.judged_instead_of(span) is None]
        # In a circle of parents each call would give way to the other.
        self.calls = tuple(once or calls)

    def above(self, span: Span) -> Iterator[Span]:
        """The spans around one, from the inside out; a circle of parents is walked once."""
        seen = {span.span_id}
        parent = self.tree.parent(span)
        while parent is not None and parent.span_id not in seen:
            seen.add(parent.span_id)
            yield parent
            parent = self.tree.parent(parent)

    @cached_property
    def main_calls(self) -> tuple[Span, ...]:
        """Model calls of the outermost agent: not those of agents and tools that it called in turn."""
        depths = [self._depth(call) for call in self.calls]
        least = min(depths, default=0)
        return tuple(call for call, depth in zip(self.calls, depths, strict=True) if depth == least)

    @property
    def input(self) -> str | None:
        """What the trace was asked: of the outermost span, or of the first model call."""
        asked = (span for span in (*self._heads, *self.main_calls) if span.input_text)
        first = min(asked, key=lambda span: span.start_ns, default=None)
        return first.input_text if first else None

    @property
    def output(self) -> str | None:
        """What came out in the end: of the outermost span, or of the last model call."""
        candidates = (*reversed(self.main_calls), *self._heads)
        answered = [span for span in candidates if output_of(span) is not None]
        # Of spans that end together the last, and outermost, wins.
        last = max(enumerate(answered), key=lambda pair: (pair[1].end_ns, pair[0]), default=None)
        return output_of(last[1]) if last else None

    @property
    def system_prompt(self) -> str | None:
        """The outermost one."""
        prompts = (span.system_prompt for span in (self.head, *self.main_calls, *self.calls))
        return next((prompt for prompt in prompts if prompt), None)

    @property
    def documents(self) -> tuple[Document, ...]:
        """Everything that was retrieved, each document once."""
        found = (
            document for span in self.spans if span.operation == "retrieval" for document in span.context
        )
        return tuple({(document.id, document.content): document for document in found}.values())

    @property
    def tools(self) -> tuple[ToolDefinition, ...]:
        """Every tool that was on offer, by name."""
        offered = (tool for span in (self.head, *self.calls) for tool in span.tools)
        return tuple({tool.name: tool for tool in offered}.values())

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """Every tool call asked for; of traces without model calls, every tool that ran."""
        asked = tuple(call for span in self.calls for call in span.tool_calls)
        return asked or tuple(
            ToolCall(name=span.tool_name or span.name, arguments=span.tool_arguments)
            for span in self.spans
            if span.operation == "execute_tool"
        )

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """Messages, model calls, tool runs and retrievals as they happened, each once.

        A message's name is the way through the agents to it.
        """
        return tuple(_Telling(self).steps())

    def path(self, span: Span) -> str:
        """The agents around a span, outermost first."""
        names = [_agent_name(other) for other in self.above(span) if other.operation == "invoke_agent"]
        if not names and span.agent:
            names = [span.agent]
        names.reverse()
        return _PATH.join(name for place, name in enumerate(names) if name and name not in names[:place])

    def _depth(self, call: Span) -> int:
        agents: list[str] = []
        tools = 0
        for span in self.above(call):
            if span.operation == "invoke_agent" and _agent_name(span) not in agents:
                agents.append(_agent_name(span))
            tools += span.operation == "execute_tool"
        return len(agents) + tools


class _Telling:
    """Tells a trace step by step and remembers what was told already."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._told: set[tuple[str, str]] = set()
        self._asked_for: Counter[str] = Counter()
        self._tools_ran = any(
            s.operation == "execute_tool" and s.tool_result is not None for s in trace.spans
        )
        self._main = {call.span_id for call in trace.main_calls} | {trace.head.span_id}
        self._above_calls = {other.span_id for call in trace.calls for other in trace.above(call)}

    def steps(self) -> Iterator[Step]:
        trace = self._trace
        calls = {call.span_id for call in trace.calls}
        failed_below = {other.span_id for s in trace.spans if s.error for other in trace.above(s)}
        for span in trace.spans:
            if span.span_id in calls:
                yield from self._call(span)
            elif span.is_model_call:
                continue
            elif span.operation == "execute_tool":
                yield from self._tool(span)
            elif span.operation == "retrieval":
                yield self._retrieval(span)
            elif span.operation == "invoke_agent" and span.span_id not in self._above_calls:
                yield from self._call(span)
            elif span.error and is_genai(span) and span.span_id not in failed_below:
                yield self._step(span, "assistant", (), span.operation or "step", name=trace.path(span))

    def _call(self, span: Span) -> Iterator[Step]:
        path = self._trace.path(span)
        # Who uses the outermost agent is the user; what agents below are asked comes from other agents.
        asked_by = "" if span.span_id in self._main else path
        for message in span.input_messages:
            if self._is_news(message):
                told = _named(message, asked_by if message.role == "user" else path)
                yield Step(told, "message", span.start_ns)
        asked = span.input_text
        if asked and not span.input_messages and self._tell("user", asked):
            told = Message(role="user", parts=(TextPart(asked),), name=asked_by or None)
            yield Step(told, "message", span.start_ns)
        parts = _output_parts(span)
        self._call_told(span.tool_calls)
        text = "\n\n".join(part.content for part in parts if isinstance(part, TextPart)).strip()
        if text:
            self._tell("assistant", text)
        if parts or span.error:
            yield self._step(span, "assistant", parts, span.operation or "chat", name=path)

    def _is_news(self, message: Message) -> bool:
        """Whether a message of a call's input is told here first; system prompts stand elsewhere."""
        if message.role == "system" or not message.parts:
            return False
        if message.role == "tool":
            if self._tools_ran:
                return False
            results = [part.response for part in message.parts if isinstance(part, ToolResultPart)]
            return self._tell("tool", "\n".join(results) or message.text)
        self._call_told(message.tool_calls)
        text = message.text.strip()
        if not text:
            return False
        return self._tell(message.role, text)

    def _tool(self, span: Span) -> Iterator[Step]:
        name = span.tool_name or span.name
        call = ToolCall(name=name, arguments=span.tool_arguments)
        parts: list[Part] = []
        if self._asked_for[name]:
            # By name: what ran is often recorded with its arguments spelt otherwise, or without any.
            self._asked_for[name] -= 1
        else:
            parts.append(ToolCallPart(call))
        if span.tool_result is not None:
            parts.append(ToolResultPart(span.tool_result))
        if not parts and not span.error:
            return
        path = self._trace.path(span)
        told = f"{path}{_PATH}{name}" if path else name
        yield self._step(span, "tool", tuple(parts), f"execute_tool {name}", name=told)

    def _retrieval(self, span: Span) -> Step:
        parts: list[Part] = []
        if span.input_text:
            parts.append(TextPart(f"query: {span.input_text}"))
        parts.append(TextPart(documents_text(span.context) or "[no text of documents recorded]"))
        return self._step(span, "retrieval", tuple(parts), "retrieval", name=self._trace.path(span))

    def _step(self, span: Span, role: str, parts: tuple[Part, ...], word: str, *, name: str) -> Step:
        if span.error:
            parts = (*parts, TextPart(f"[error] {span.error}"))
        return Step(
            Message(role=role, parts=parts, name=name or None), word, span.start_ns, stays=bool(span.error)
        )

    def _call_told(self, calls: Iterable[ToolCall]) -> None:
        """Remember what the model asked for; messages repeat the calls of earlier answers."""
        for call in calls:
            if self._tell("call", _call_key(call)):
                self._asked_for[call.name] += 1

    def _tell(self, role: str, text: str) -> bool:
        key = (role, text.strip())
        if key in self._told:
            return False
        self._told.add(key)
        return True


def is_genai(span: Span) -> bool:
    """Whether a span is about GenAI at all."""
    return span.operation is not None or span.kind is not None


def _named(message: Message, name: str) -> Message:
    return Message(role=message.role, parts=message.parts, name=message.name or name or None)


def _output_parts(span: Span) -> tuple[Part, ...]:
    """What a call gave: its first answer, or the text and calls where no messages are recorded."""
    if span.output_messages:
        # Of an agent these are all its turns, and of a call its choices: one answer is what came out.
        message = span.output_messages[0 if span.is_model_call else -1]
        if message.parts:
            return message.parts
    text: tuple[Part, ...] = (TextPart(span.output_text),) if span.output_text else ()
    return (*text, *(ToolCallPart(call) for call in span.tool_calls))


def _agent_name(span: Span) -> str:
    return span.agent or span.name.removeprefix("invoke_agent").strip() or "agent"


def _call_key(call: ToolCall) -> str:
    return f"{call.name}\x1f{as_json(call.arguments, indent=None)}"
