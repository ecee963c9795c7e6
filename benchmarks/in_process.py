"""In-process evaluation beside DeepEval: `python -m benchmarks.in_process`.

An application with the OpenTelemetry SDK ends spans of short model calls with a retrieved document; five
metrics are judged of each by a mock judge that answers after 50 or 200 ms. Ours evaluates them through
`EvaluationSpanProcessor`, batched and one by one, with 4, 64 and 256 invocations in flight; the limit is what
the judge's latency alone would allow. DeepEval judges such texts with five metrics and the same mock judge,
where `--deepeval PYTHON` names an interpreter that has it (this one, if it has). Then what the application's
own thread and CPU pay, the size of the prompt, and what an import takes.
"""

import argparse
import asyncio
import importlib.util
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.process import Process, free_port
from spanjudge.evaluators import gallery
from spanjudge.judging.judge import Judge
from spanjudge.judging.models.model import JudgeRequest
from spanjudge.judging.models.scripted import ScriptedModel
from spanjudge.judging.subject import Subject
from spanjudge.spans.span import Document

FIVE = ("bias", "toxicity", "answer_relevancy", "hallucination", "sentiment")
IN_FLIGHT = (4, 64, 256)
DELAYS_MS = (50, 200)
SECONDS = 6
"""How long a run would take at the limit."""


def application(measure: str, *arguments: object, url: str, mode: str = "batched") -> dict[str, Any]:
    """Run the application in a process of its own."""
    return run(
        sys.executable,
        "-m",
        "benchmarks.in_process_application",
        measure,
        *map(json.dumps, arguments),
        environment={
            "OPENAI_API_KEY": "benchmark",
            "OPENAI_BASE_URL": url,
            "OTEL_INSTRUMENTATION_GENAI_EVALS_DEEPEVAL_MODE": mode,
        },
    )


def run(*command: str, environment: dict[str, str] | None = None) -> dict[str, Any]:
    """The JSON that a process prints last."""
    done = subprocess.run(
        command, env={**os.environ, **(environment or {})}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[:4])} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def rates(deepeval: str | None) -> None:
    """Invocations a second beside the limit, and beside DeepEval."""
    print("| judge | in flight | mode | invocations/s | of the limit | CPU ms each | ours / DeepEval |")
    print("|---|---|---|---|---|---|---|")
    for delay in DELAYS_MS:
        port = free_port()
        with Process("-m", "benchmarks.mock_judge", str(port), str(delay), core=None) as judge:
            judge.wait_for(port)
            url = f"http://127.0.0.1:{port}/v1"
            for in_flight in IN_FLIGHT:
                peer = beside(deepeval, url, in_flight, delay)
                for mode in ("batched", "non-batched"):
                    rate(url, delay, in_flight, mode, peer)


def beside(deepeval: str | None, url: str, in_flight: int, delay: int) -> float | None:
    """DeepEval's invocations a second; with more in flight than 64 it only gets slower."""
    if deepeval is None or in_flight > 64:  # noqa: PLR2004  see the sentence above
        return None
    invocations = max(12, in_flight)
    told = run(
        *(deepeval, "-m", "benchmarks.peer_deepeval", url, str(invocations), str(in_flight)),
        # It would leave files here, and tell its maker that it ran.
        environment={"DEEPEVAL_TELEMETRY_OPT_OUT": "1", "DEEPEVAL_FILE_SYSTEM": "READ_ONLY"},
    )
    found = invocations / told["seconds"]
    each = 1000 * told["cpu"] / invocations
    print(f"| {delay} ms | {in_flight} | DeepEval | {found:.1f} | | {each:.0f} | |", flush=True)
    return found


def rate(url: str, delay: int, in_flight: int, mode: str, peer: float | None) -> None:
    """One row of ours."""
    limit = in_flight / (delay / 1000)
    wanted = max(100, int(min(limit, 1500) * SECONDS))
    told = application("throughput", in_flight, wanted, url=url, mode=mode)
    if told["failures"] or not told["finished"]:
        raise RuntimeError(f"not everything was judged: {told}")
    found = told["invocations"] / told["seconds"]
    each = 1000 * told["cpu"] / told["invocations"]
    ratio = "" if peer is None else f"{found / peer:.0f}×"
    print(
        f"| {delay} ms | {in_flight} | {mode} | {found:,.0f} | {found / limit:.0%} | {each:.2f} | {ratio} |",
        flush=True,
    )


def costs() -> None:
    """What the application itself pays."""
    port = free_port()
    with Process("-m", "benchmarks.mock_judge", str(port), "50", core=None) as judge:
        judge.wait_for(port)
        url = f"http://127.0.0.1:{port}/v1"
        took = application("offers", 1000, url=url)
        print("\n| in the application's thread | µs, median | µs, 99 % | goal |\n|---|---|---|---|")
        print(f"| `offer()` of a subject | {took['offer_p50']:.1f} | {took['offer_p99']:.0f} | < 20 |")
        print(f"| ending a span, with the processor | {took['end_p50']:.1f} | {took['end_p99']:.0f} | |")
        print(f"| ending a span, without | {took['end_without_p50']:.1f} | | |")
        off, on = (application("paced", 10, 20, word, url=url)["cpu"] for word in ("no", "yes"))
        print(
            f"\nCPU at 10 invocations/s: {on - off:.2%} of a core more than without ({off:.2%}); goal < 1 %."
        )


def prompts() -> None:
    """Size of the one prompt, in characters and, where a tokenizer is at hand, in tokens."""
    asked: list[JudgeRequest] = []

    class Listening(ScriptedModel):
        async def answer(self, request: JudgeRequest) -> Any:
            asked.append(request)
            return await super().answer(request)

    subject = Subject(
        input="What is the refund policy?",
        output="Within 30 days.",
        context=(Document(content="You can return an item within 30 days of purchase for a full refund."),),
    )
    metrics = gallery.metrics()
    asyncio.run(Judge(Listening()).judge(subject, [metrics[name] for name in FIVE]))
    texts = [request.system + request.user for request in asked]
    schemas = [json.dumps(request.schema) for request in asked]
    print(
        f"\nOne short invocation, five metrics: {len(asked)} call, {tokens(texts)} of prompt "
        f"(goal: 1 call, < 800 tokens), {tokens(schemas)} of JSON schema."
    )


def tokens(texts: list[str]) -> str:
    """Their number."""
    characters = sum(map(len, texts))
    litellm = importlib.util.find_spec("litellm")
    if litellm is not None and litellm.origin:
        # It brings the tokenizers' tables, which otherwise come over the network.
        tables = Path(litellm.origin).parent / "litellm_core_utils" / "tokenizers"
        os.environ.setdefault("TIKTOKEN_CACHE_DIR", str(tables))
    if importlib.util.find_spec("tiktoken") is not None:
        try:
            encoding = importlib.import_module("tiktoken").get_encoding("o200k_base")
        except OSError:  # no table and no network
            pass
        else:
            return f"{sum(len(encoding.encode(text)) for text in texts)} tokens"
    return f"{characters} characters, about {characters / 4.5:.0f} tokens"


def imports(deepeval: str | None) -> None:
    """Milliseconds of importing, in fresh processes."""
    print("\n| import | ms, median of 7 | goal |\n|---|---|---|")
    statements = (
        ("import spanjudge", "< 150"),
        ("from spanjudge import Judge, NativeEvaluator", ""),
        ("from spanjudge import EvaluationSpanProcessor", ""),
        ("import opentelemetry.sdk.trace", "(the SDK alone)"),
    )
    for statement, goal in statements:
        print(f"| `{statement}` | {importing(sys.executable, statement):.0f} | {goal} |")
    if deepeval is not None:
        print(f"| `import deepeval` | {importing(deepeval, 'import deepeval'):.0f} | |")


def importing(python: str, statement: str) -> float:
    """The median of seven."""
    script = f"import time; a = time.perf_counter(); {statement}; print((time.perf_counter() - a) * 1e3)"
    found = [
        float(subprocess.run([python, "-c", script], capture_output=True, text=True, check=True).stdout)
        for _ in range(7)
    ]
    return statistics.median(found)


def main() -> None:
    """Run everything."""
    here = sys.executable if importlib.util.find_spec("deepeval") is not None else None
    parser = argparse.ArgumentParser(description="In-process evaluation beside DeepEval.")
    parser.add_argument("--deepeval", default=here, metavar="PYTHON", help="an interpreter that has it")
    parser.add_argument("--only", choices=("rates", "costs", "prompts", "imports"), help="one part")
    options = parser.parse_args()
    print(f"{time.strftime('%Y-%m-%d')}, Python {platform.python_version()}, {platform.platform()}\n")
    parts = {
        "rates": lambda: rates(options.deepeval),
        "costs": costs,
        "prompts": prompts,
        "imports": lambda: imports(options.deepeval),
    }
    for name, part in parts.items():
        if options.only in (None, name):
            part()


if __name__ == "__main__":
    main()
