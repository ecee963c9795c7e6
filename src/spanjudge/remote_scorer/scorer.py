"""The Remote Scorer door: the bytes of a request in, the answer out."""

import difflib
import hashlib
import logging
import secrets
import time
import traceback
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import msgspec

from spanjudge.errors import SettingsError
from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.judging.judge import Judge
from spanjudge.judging.models.limits.rank import Rank, ranked
from spanjudge.judging.result import EvaluationFailure, EvaluationResult, Outcome
from spanjudge.judging.subject import Subject
from spanjudge.remote_scorer import openobserve, weave
from spanjudge.remote_scorer.body import fields_of
from spanjudge.remote_scorer.fields import metadata_of, present, subject_of, text_of, unmapped
from spanjudge.remote_scorer.flights import ClosingError, Flights, OverloadedError
from spanjudge.remote_scorer.problem import Answer, Problem, without_surrogates

logger = logging.getLogger(__name__)

OVERLOADED_RETRY_SECONDS = 1.0
MAX_NAMES_SHOWN = 40


class RemoteScorer:
    """Evaluates what platforms send, each distinct question once.

    A result is kept for `cache_seconds` under a keyed hash of evaluator version, judge model and content:
    the content itself is not kept. Failures are not kept (see `Flights` for the one exception). A call runs
    on until `timeout` seconds even when its client has gone, because the client comes again and joins it;
    without a cache it is cancelled with its last client. More than `max_in_flight` judge calls at once are
    turned away with OVERLOADED.
    """

    def __init__(  # one keyword for each thing a caller may want otherwise
        self,
        judges: Mapping[str, Judge],
        evaluators: Mapping[str, Evaluator],
        *,
        timeout: float,
        cache_seconds: float = 300,
        cache_size: int = 10_000,
        max_in_flight: int = 2_000,
    ) -> None:
        """Times in seconds. Raises `SettingsError` when an evaluator names a judge that is not there."""
        for evaluator in evaluators.values():
            if evaluator.judge not in judges:
                known = ", ".join(sorted(judges)) or "none"
                raise SettingsError(
                    f"Evaluator “{evaluator.name}” wants the judge “{evaluator.judge}”; configured: {known}. "
                    "Configure it, or name another one in the evaluator's file."
                )
        self._judges = judges
        self._evaluators = evaluators
        self._timeout = timeout
        self._flights = Flights(
            cache_seconds=cache_seconds, cache_size=cache_size, max_in_flight=max_in_flight
        )
        # A hash that has read a secret first: who sees a key cannot test which content it belongs to.
        self._keyed = hashlib.sha256(secrets.token_bytes(64))
        self._versions: dict[str, tuple[Evaluator, str]] = {}
        self._idempotency: OrderedDict[bytes, bytes] = OrderedDict()
        self._idempotency_size = cache_size

    @property
    def evaluators(self) -> Mapping[str, Evaluator]:
        """What can be asked for, by name."""
        return self._evaluators

    @property
    def in_flight(self) -> int:
        """Judge calls under way."""
        return self._flights.running

    @property
    def keeps_results(self) -> bool:
        """Whether a call is worth finishing when its client has gone."""
        return self._flights.keeps

    async def evaluate(
        self, body: bytes, *, scorer_name: str | None, idempotency_key: str | None = None
    ) -> Answer:
        """Answer one request; every failure is an answer too, nothing is raised.

        `scorer_name` is the one in the path and goes before the one in the body. A second request with
        the same `idempotency_key` and other content is refused, with the same content it is the same request.
        """
        started = time.perf_counter()
        try:
            return await self._evaluate(body, scorer_name, idempotency_key, started)
        except Problem as problem:
            return problem.answer()
        except OverloadedError:
            return Problem(
                "OVERLOADED",
                "Too many evaluations are running at once: try again in a moment, or sample fewer spans.",
                retry_after=OVERLOADED_RETRY_SECONDS,
            ).answer()
        except ClosingError:
            return Problem(
                "OVERLOADED", "The server is restarting: try again.", retry_after=OVERLOADED_RETRY_SECONDS
            ).answer()
        except Exception as error:  # noqa: BLE001  # whatever it is, the client gets an answer
            return _internal(error).answer()

    async def aclose(self, patience: float = 0.0) -> None:
        """Let running judge calls finish for `patience` seconds, then cancel them."""
        await self._flights.aclose(patience)

    async def _evaluate(
        self, body: bytes, scorer_name: str | None, idempotency_key: str | None, started: float
    ) -> Answer:
        fields = fields_of(body)
        call = fields if weave.is_weave(fields) else None
        if call is not None:
            fields = weave.fields_of_call(call)
        evaluator = self._evaluator(scorer_name or text_of(fields, "scorer_name"))
        metadata = metadata_of(fields)
        subject = subject_of(fields, metadata if evaluator.variables else None)
        _require(evaluator, subject, fields)
        judge = self._judges[evaluator.judge]
        try:
            key = self._key(evaluator, judge, subject)
        except UnicodeEncodeError:
            subject = msgspec.convert(without_surrogates(msgspec.to_builtins(subject)), Subject)
            key = self._key(evaluator, judge, subject)
        if idempotency_key:
            self._same_request(idempotency_key, evaluator, key)

        async def ask() -> Outcome:
            try:
                with ranked(Rank.INTERACTIVE):
                    return (await judge.judge(subject, [evaluator], timeout=self._timeout))[0]
            except Exception as error:  # noqa: BLE001  # a joined call has to end for all who wait for it
                problem = _internal(error)
                return EvaluationFailure(
                    evaluator=evaluator.name,
                    evaluator_version=self._version(evaluator),
                    code="internal",
                    message=problem.reason,
                )

        outcome, kept = await self._flights.outcome(key, ask)
        if not isinstance(outcome, EvaluationResult):
            return openobserve.failed(outcome)
        if call is not None:
            return weave.scored(call, evaluator, outcome)
        return openobserve.scored(
            evaluator,
            outcome,
            elapsed_ms=round((time.perf_counter() - started) * 1000),
            cached=kept,
            metadata=metadata,
        )

    def _evaluator(self, name: str | None) -> Evaluator:
        evaluator = self._evaluators.get(name) if name else None
        if evaluator is not None:
            return evaluator
        names = sorted(self._evaluators)
        listed = ", ".join(names[:MAX_NAMES_SHOWN]) + (", …" if len(names) > MAX_NAMES_SHOWN else "")
        if not name:
            raise Problem(
                "UNKNOWN_SCORER",
                f"“scorer_name” is missing: send it in the body or the path. Known: {listed}.",
            )
        near = difflib.get_close_matches(
            name[:100].lower().replace("-", "_").replace(" ", "_"), names, 1, 0.5
        )
        hint = f" Did you mean “{near[0]}”?" if near else ""
        raise Problem("UNKNOWN_SCORER", f"There is no scorer “{name[:100]}”.{hint} Known: {listed}.")

    def _version(self, evaluator: Evaluator) -> str:
        """The version, worked out once for each definition: it is a hash of all of it."""
        known = self._versions.get(evaluator.name)
        if known is not None and known[0] is evaluator:
            return known[1]
        version = evaluator.version
        self._versions[evaluator.name] = (evaluator, version)
        return version

    def _key(self, evaluator: Evaluator, judge: Judge, subject: Subject) -> bytes:
        asked = (self._version(evaluator), judge.model.provider, judge.model.model, subject)
        return self._hash(msgspec.json.encode(asked))

    def _hash(self, data: bytes) -> bytes:
        keyed = self._keyed.copy()
        keyed.update(data)
        return keyed.digest()

    def _same_request(self, idempotency_key: str, evaluator: Evaluator, key: bytes) -> None:
        name = self._hash(f"{self._version(evaluator)}\n{idempotency_key}".encode("utf-8", "replace"))
        known = self._idempotency.setdefault(name, key)
        self._idempotency.move_to_end(name)
        while len(self._idempotency) > self._idempotency_size:
            self._idempotency.popitem(last=False)
        if known != key:
            raise Problem(
                "IDEMPOTENCY_KEY_REUSED",
                "This Idempotency-Key was sent before with other content: use a new key for a new request.",
            )


def _require(evaluator: Evaluator, subject: Subject, fields: Mapping[str, Any]) -> None:
    """Raise `Problem` (MISSING_INPUT) when a field the evaluator needs is not there."""
    missing = [need for need in evaluator.needs if not subject.has(need)]
    if not missing:
        return
    named = " and ".join(f"“{need}”" for need in missing)
    reasons = [f"The scorer “{evaluator.name}” needs {named}."]
    for need in missing:
        variable = unmapped(fields, need)
        if variable:
            reasons.append(
                f"“{need}” holds only the name of a variable, “{variable[:80]}”: "
                "map that variable to a field of the span in the evaluation job."
            )
        elif need in fields and present(fields, need) is not None:
            reasons.append(f"“{need}” holds nothing that can be judged.")
        else:
            reasons.append(f"“{need}” is not in the body or is empty.")
    sent = ", ".join(sorted(name[:40] for name in fields if fields[name] is not None)[:12])
    raise Problem("MISSING_INPUT", " ".join(reasons), detail=f"Fields sent: {sent or 'none'}.")


def _internal(error: Exception) -> Problem:
    """An error of our own: the log says where it came from and never what was being judged."""
    where = "".join(traceback.format_tb(error.__traceback__))
    logger.error("Evaluation failed inside: %s\n%s", type(error).__name__, where)
    return Problem(
        "INTERNAL",
        "The server failed inside while it evaluated: see its log for the place, and report it.",
        detail=type(error).__name__,
    )
