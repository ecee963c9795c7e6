"""How the pipeline runs: every number that somebody may want otherwise."""

from pathlib import Path

import msgspec

DAY = 86_400.0


class PipelineOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Times are seconds.

    Receiving: `grace` is how long a span without content waits for log events; `most_pending_spans` and
    `most_pending_bytes` may wait for their transaction, and `most_waiting_jobs` for a judge, before senders
    are told to come again; `match_in_thread` spans or more in a request are matched beside the event loop.

    Judging: `concurrency` targets at most are judged at the same time by one judge model; `lease` is how long
    a job stays with a process that died; a job is tried `attempts` times, and as often as it takes within
    `oldest` when the provider is to blame. `most_spans` of a trace or session are read.

    Windows: a trace or session is judged after `…_idle` without a new span, or after `…_longest`.

    Exporting: batches of `export_batch`.

    Several processes: each says every `beat` seconds that it is there; what it alone does is taken over when
    it has not for `duty_lease`. `shared_note` is logged when there are two.

    Keeping: spans and results for so many days; `max_bytes` is the store's size (0: no limit). `disk` is a
    path on the disk of the store: with less than `least_free_bytes` left nothing is taken.
    """

    grace: float = 10.0
    most_pending_spans: int = 100_000
    most_pending_bytes: int = 256 * 1024 * 1024
    most_waiting_jobs: int = 5_000_000
    match_in_thread: int = 64

    concurrency: int = 256
    lease: float = 30.0
    attempts: int = 3
    oldest: float = DAY
    poll: float = 0.5
    most_spans: int = 2_000
    first_probe: float = 60.0
    longest_probe: float = 900.0

    trace_idle: float = 30.0
    trace_longest: float = 1_800.0
    session_idle: float = 1_800.0
    session_longest: float = 14_400.0

    export_batch: int = 512

    beat: float = 2.0
    duty_lease: float = 6.0
    shared_note: str = ""

    spans_days: float = 30.0
    results_days: float = 90.0
    max_bytes: int = 0
    disk: Path | None = None
    least_free_bytes: int = 200 * 1024 * 1024
    purge_every: float = 60.0
