"""`python -m benchmarks.load --url http://127.0.0.1:8000 --rate 200 --seconds 60`: see `--help`."""

import argparse
import asyncio
import json
import os
import signal
from contextlib import ExitStack
from pathlib import Path

from benchmarks.load.ledger import Ledger
from benchmarks.load.making import made
from benchmarks.load.schedule import Load, spans_a_trace
from benchmarks.load.sending import Report, Sender

_NOTABLE = 0.05
"""Seconds of lateness of our own that spoil a measurement."""


def options() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.load",
        description="Sends made-up traces of several applications over OTLP/HTTP (protobuf, gzip) at times "
        "that are decided beforehand, and counts every answer from the time that was intended. The same seed "
        "sends the same spans at the same times; a server that has them takes them for redeliveries.",
    )
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="of the server, without a path")
    parser.add_argument(
        "--token", default=os.environ.get("SPANJUDGE_TOKEN", ""), help="or in SPANJUDGE_TOKEN"
    )
    parser.add_argument("--rate", type=float, default=200, help="spans a second")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--connections", type=int, default=16, help="requests under way at once, at most")
    parser.add_argument("--instances", type=int, default=3, help="exporters of each of the seven services")
    parser.add_argument(
        "--flush", type=float, default=1.0, help="mean seconds between an exporter's requests"
    )
    parser.add_argument("--give-up", type=float, default=60.0, help="seconds until a request is given up")
    parser.add_argument("--ledger", type=Path, help="a file that gets the ids of all acknowledged spans")
    parser.add_argument("--json", action="store_true", help="print the figures for a program")
    return parser.parse_args()


async def main(given: argparse.Namespace) -> Report:
    """Send, and tell."""
    load = Load(given.rate, given.seconds, given.seed, given.instances, given.flush)
    with ExitStack() as files:
        ledger = files.enter_context(Ledger(given.ledger)) if given.ledger else None
        sender = Sender(
            given.url,
            token=given.token,
            connections=given.connections,
            give_up=given.give_up,
            ledger=ledger,
        )
        task = asyncio.current_task()
        if task is not None:
            asyncio.get_running_loop().add_signal_handler(signal.SIGINT, task.cancel)
        try:
            async with made(load) as requests:
                await sender.run(requests)
        except asyncio.CancelledError:
            print("interrupted: the figures are those of what was answered by then")
    return sender.report


def told(report: Report, given: argparse.Namespace) -> None:
    """The figures, for people."""
    spans = report.accepted_spans
    print(
        f"{given.rate:,.0f} spans/s asked for, about {given.rate / spans_a_trace(given.seed):,.1f} traces/s; "
        f"{spans:,} spans accepted in {report.accepted:,} of {report.intended:,} requests, "
        f"{report.seconds:.1f} s: {spans / max(1e-9, report.seconds):,.0f} spans/s"
    )
    refused = ", ".join(f"{count} × {status}" for status, count in sorted(report.refused.items())) or "none"
    print(
        f"refused: {refused}; broken {report.broken}, retried {report.retried}, given up {report.given_up}, "
        f"rejected {report.rejected} (and {report.rejected_spans} spans); sent twice {report.redelivered}"
    )
    if report.words:
        print(f"the first refusal: {report.words}")
    for name, histogram in (("answered after", report.waits), ("generator late", report.late)):
        cells = ", ".join(f"{key} {value:,.1f}" for key, value in histogram.told().items())
        print(f"{name}, ms: {cells}")
    if report.late.percentile(0.99) > _NOTABLE:
        print("NOTE: this program could not keep up itself; the latencies are too high. Lower the rate.")


if __name__ == "__main__":
    arguments = options()
    outcome = asyncio.run(main(arguments))
    if arguments.json:
        print(json.dumps(outcome.told()))
    else:
        told(outcome, arguments)
