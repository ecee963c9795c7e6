"""Jobs that people asked for, one by one."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, text

from spanjudge.pipeline.ports import Job, NewJob
from spanjudge.store import jobs as job_rows
from spanjudge.store.bulk import Select
from spanjudge.store.keys import further_ids, portions, target_key
from spanjudge.store.postgres.locks import held

_OPEN = frozenset({"waiting", "leased"})

_generations = Select(
    "SELECT target, evaluator, max(generation) AS generation FROM results WHERE target IN :targets"
    " GROUP BY target, evaluator",
    ids=("target",),
    plain=("evaluator", "generation"),
    lists=("targets",),
)
_windows = Select(
    "SELECT target, generation, due_ns FROM windows WHERE target IN :targets",
    ids=("target",),
    plain=("generation", "due_ns"),
    lists=("targets",),
)
_keep_window = text(
    "INSERT INTO windows (target, trace_id, span_id, generation, first_ns, last_ns, due_ns)"
    " VALUES (:target, :trace_id, :span_id, :generation, :now, :now, NULL)"
    " ON CONFLICT (target) DO UPDATE SET generation = excluded.generation"
)


def judge(connection: Connection, jobs: Sequence[NewJob], *, now_ns: int) -> int:
    """Store them under the next generation, unless one like it is not ended; how many."""
    with held(connection, {target_key(job.target) for job in jobs}):
        known = Known(connection, jobs)
        wanted = [job for job in jobs if not known.is_open(job)]
        return job_rows.add(connection, [known.next_of(job, now_ns) for job in wanted], now_ns=now_ns)


class Known:
    """What there is of evaluators and targets already."""

    def __init__(self, connection: Connection, jobs: Sequence[NewJob]) -> None:
        """Look at the targets of these jobs."""
        self._connection = connection
        keys = list(dict.fromkeys(target_key(job.target) for job in jobs))
        self._jobs: dict[tuple[bytes, str], list[Job]] = {}
        for job in job_rows.of_targets(connection, [job.target for job in jobs]):
            self._jobs.setdefault((target_key(job.target), job.evaluator), []).append(job)
        self._generations: dict[tuple[bytes, str], int] = {}
        self._windows: dict[bytes, tuple[int, bool]] = {}
        for some in portions(keys):
            for target, evaluator, generation in _generations(connection, targets=some):
                self._generations[bytes.fromhex(target), evaluator] = generation
            for target, generation, due_ns in _windows(connection, targets=some):
                self._windows[bytes.fromhex(target)] = (generation, due_ns is not None)

    def is_open(self, job: NewJob) -> bool:
        """Whether one of this version waits or is being judged."""
        return any(one.state in _OPEN and one.version == job.version for one in self._of(job))

    def is_settled(self, job: NewJob) -> bool:
        """Whether this version has judged it, will, or leaves it to another span."""
        return any(
            one.version == job.version
            and (one.state in _OPEN or one.state == "done" or one.reason == "same_call")
            for one in self._of(job)
        )

    def next_of(self, job: NewJob, now_ns: int) -> NewJob:
        """The job under a generation that nothing has yet, nor will have.

        Traces and sessions that go on are judged again under the generation of their window, which takes
        the next one from here on.
        """
        key = target_key(job.target)
        last = max((one.generation for one in self._of(job)), default=-1)
        last = max(last, self._generations.get((key, job.evaluator), -1))
        if job.target.kind == "span":
            return msgspec.structs.replace(job, generation=last + 1)
        generation, is_open = self._windows.get(key, (-1, False))
        own = max(last + 1, generation if is_open else generation + 1)
        trace_id, span_id = further_ids(job.target)
        self._connection.execute(
            _keep_window,
            {
                "target": key,
                "trace_id": trace_id,
                "span_id": span_id,
                # An open window is judged under its generation when it closes, a closed one under the next.
                "generation": own + 1 if is_open else own,
                "now": now_ns,
            },
        )
        self._windows[key] = (own + 1 if is_open else own, is_open)
        return msgspec.structs.replace(job, generation=own)

    def _of(self, job: NewJob) -> list[Job]:
        return self._jobs.get((target_key(job.target), job.evaluator), [])
