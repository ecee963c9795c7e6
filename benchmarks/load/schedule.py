"""When which exporter sends what, decided before anything is sent: an open loop.

Traces begin by a Poisson process. Each service has a few processes with an exporter each; exporters send by
a Poisson process too, everything that has ended by then and at most 512 spans, as the SDK's batches. Some
spans come late, some requests come twice. A server that stalls changes none of these times.
"""

import heapq
import random
from collections.abc import Iterator
from typing import NamedTuple

from benchmarks.load.traces import APPLICATIONS, GATEWAY, Application, Step, Trace, Traces

MOST_IN_REQUEST = 512
_WARM_UP = 120.0
"""Seconds before the start of which traces are made up: their ends come at once, as in a running system."""

_LATE, _MEAN_LATENESS, _MOST_LATENESS = 0.02, 6.0, 40.0
_AGAIN, _MOST_LATER = 0.01, 8.0
_SAMPLE = 1_500
"""Traces from which their mean number of spans is taken."""


class Ended(NamedTuple):
    """A span that can be sent."""

    trace: Trace
    step: Step
    trace_start: float
    """Seconds after the start of the load; negative for what began before."""


class Sending(NamedTuple):
    """One request to be: when, by whom, what. `again` is a redelivery of an earlier one."""

    at: float
    exporter: int
    application: Application
    spans: tuple[Ended, ...]
    again: bool = False


class Load(NamedTuple):
    """What is asked for: spans a second; `flush` is the mean time between an exporter's sendings."""

    rate: float
    seconds: float
    seed: int = 1
    instances: int = 3
    flush: float = 1.0


def spans_a_trace(seed: int) -> float:
    """The mean number of spans of this seed's traces."""
    traces = Traces(seed)
    return sum(len(traces.another().steps) for _ in range(_SAMPLE)) / _SAMPLE


def schedule(load: Load) -> Iterator[Sending]:
    """All requests of a load, in the order of their times. The same load gives the same ones."""
    chance = random.Random(f"schedule {load.seed}")  # noqa: S311 - the same again each time
    between_traces = spans_a_trace(load.seed) / load.rate
    exporters = [one for one in (*APPLICATIONS, GATEWAY) for _ in range(load.instances)]
    between_sendings = load.flush / len(exporters)
    waiting = _Waiting(exporters, load.instances, chance)
    again: list[tuple[float, int, Sending]] = []
    traces = Traces(load.seed)
    next_trace = -_WARM_UP
    now = 0.0
    order = 0
    while True:
        now += chance.expovariate(1 / between_sendings)
        if now >= load.seconds:
            break
        while next_trace <= now:
            waiting.add(traces.another(), next_trace)
            next_trace += chance.expovariate(1 / between_traces)
        while again and again[0][0] <= now:
            yield heapq.heappop(again)[2]
        exporter = chance.randrange(len(exporters))
        spans = waiting.take(exporter, now)
        if not spans:
            continue
        sending = Sending(now, exporter, exporters[exporter], spans)
        if chance.random() < _AGAIN and (later := now + chance.uniform(0.5, _MOST_LATER)) < load.seconds:
            order += 1
            heapq.heappush(again, (later, order, sending._replace(at=later, again=True)))
        yield sending
    while again:
        yield heapq.heappop(again)[2]


class _Waiting:
    """Spans that have not been sent, by exporter, those first that can be sent first."""

    def __init__(self, exporters: list[Application], instances: int, chance: random.Random) -> None:
        self._first = {one.name: place for place, one in reversed(list(enumerate(exporters)))}
        self._instances = instances
        self._chance = chance
        self._heaps: list[list[tuple[float, int, Ended]]] = [[] for _ in exporters]
        self._order = 0

    def add(self, trace: Trace, start: float) -> None:
        """A trace that begins; each service's part of it is one process's."""
        chance = self._chance
        of = {
            name: self._first[name] + chance.randrange(self._instances)
            for name in dict.fromkeys(step.application.name for step in trace.steps)
        }
        for step in trace.steps:
            ready = start + step.end
            if chance.random() < _LATE:
                ready += min(_MOST_LATENESS, chance.expovariate(1 / _MEAN_LATENESS))
            if ready < 0:
                continue
            self._order += 1
            entry = (ready, self._order, Ended(trace, step, start))
            heapq.heappush(self._heaps[of[step.application.name]], entry)

    def take(self, exporter: int, now: float) -> tuple[Ended, ...]:
        """What this exporter sends now."""
        heap = self._heaps[exporter]
        found: list[Ended] = []
        while heap and heap[0][0] <= now and len(found) < MOST_IN_REQUEST:
            found.append(heapq.heappop(heap)[2])
        return tuple(found)
