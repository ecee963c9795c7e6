"""An application that knows nothing of evaluation, unless it is told to (`by_hand`); says what was loaded."""

import sys
from typing import Any

from opentelemetry import trace

CHAT = {
    "gen_ai.operation.name": "chat",
    "gen_ai.input.messages": '[{"role": "user", "parts": [{"type": "text", "content": "What is it?"}]}]',
    "gen_ai.output.messages": '[{"role": "assistant", "parts": [{"type": "text", "content": "It is."}]}]',
}


def main(*arguments: str) -> None:
    provider: Any = trace.get_tracer_provider()
    if "by_hand" in arguments:
        from spanjudge import EvaluationSpanProcessor  # noqa: PLC0415  what is loaded without it is told

        provider.add_span_processor(EvaluationSpanProcessor("native(LLMInvocation(bias))"))
    with trace.get_tracer("a.scope").start_as_current_span("chat", attributes=CHAT):
        pass
    print("loaded:", "spanjudge.in_process.span_processor" in sys.modules)  # noqa: T201  what the test looks at


if __name__ == "__main__":
    main(*sys.argv[1:])
