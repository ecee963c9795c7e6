"""From the flags of `spanjudge perf` to its report."""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress

import msgspec

from spanjudge.cli.perf import estimate, figures
from spanjudge.cli.perf.counted_model import CountedModel
from spanjudge.cli.perf.estimate import Estimate
from spanjudge.cli.perf.report import Judged, Report, Setup
from spanjudge.cli.perf.run import Run
from spanjudge.cli.perf.samples import load, spread
from spanjudge.cli.progress import bar
from spanjudge.errors import SettingsError
from spanjudge.in_process.background.loop import background
from spanjudge.in_process.judge_model import opened
from spanjudge.in_process.metrics import KNOWN_METRICS
from spanjudge.in_process.plan import evaluators_of
from spanjudge.in_process.settings import variables
from spanjudge.in_process.settings.judge_settings import judge_settings
from spanjudge.in_process.settings.options import Options
from spanjudge.judging import prices
from spanjudge.judging.models.scripted import ScriptedModel
from spanjudge.judging.models.wrapped import Starting, innermost

Note = Callable[[str], None]

DRY_SECONDS = 60.0
"""For a run with a judge that answers at once, by which the real one is estimated."""

CLOSING_SECONDS = 5.0

AT_HOME = "embedded"
URLS = ("SPANJUDGE_JUDGE_URL", "O2_JUDGE_URL")
TIMEOUTS = ("SPANJUDGE_JUDGE_TIMEOUT_SECONDS", "O2_JUDGE_TIMEOUT_SECONDS")
MOST_SECONDS = 3600.0
"""What these settings take."""


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """The flags; `None` leaves it to the environment."""

    samples: int
    timeout: float
    workers: int | None = None
    concurrent: bool | None = None
    mode: str | None = None
    metrics: str | None = None
    judge_url: str | None = None


def environment(choice: Choice, environ: Mapping[str, str]) -> dict[str, str]:
    """The door's environment with the flags in it; every sample is let in. Raises `SettingsError`."""
    changed = {**environ, variables.SAMPLE_RATE: "1", variables.RATE_LIMIT_RPS: "0"}
    if choice.workers is not None:
        changed[variables.WORKERS] = str(choice.workers)
    if choice.concurrent is not None:
        changed[variables.CONCURRENT] = str(choice.concurrent).lower()
    if choice.concurrent is False:
        if choice.workers not in (None, 1):
            raise SettingsError(
                f"--no-concurrent is one at a time, and --workers {choice.workers} is not: leave one out"
            )
        changed.pop(variables.WORKERS, None)
    if choice.mode == "deepeval":
        changed[variables.DEEPEVAL_IMPLEMENTATION] = "deepeval"
    elif choice.mode is not None:
        changed[variables.DEEPEVAL_MODE] = choice.mode
    if choice.mode is not None or choice.metrics is not None:
        metrics = ",".join(KNOWN_METRICS) if choice.metrics == "all" else choice.metrics
        name = "deepeval" if choice.mode == "deepeval" else "native"
        changed[variables.EVALUATORS] = f"{name}(LLMInvocation({metrics}))" if metrics else name
    return changed | _judge(choice, changed)


def _judge(choice: Choice, environ: Mapping[str, str]) -> dict[str, str]:
    """What is changed of the judge's settings."""
    provider = (environ.get("O2_JUDGE_PROVIDER") or environ.get("SPANJUDGE_JUDGE_PROVIDER") or "").strip()
    changed: dict[str, str] = {}
    if choice.judge_url is not None:
        names = URLS if provider else (variables.DEEPEVAL_LLM_BASE_URL,)
        # Two names that say different things are a mistake.
        changed |= dict.fromkeys([name for name in names if name in environ] or names[:1], choice.judge_url)
    if provider.lower() == AT_HOME:
        # It answers one question at a time, and those that wait use up their own time.
        if choice.concurrent is None and variables.WORKERS not in environ:
            changed[variables.WORKERS] = "1"
        if not any(environ.get(name) for name in TIMEOUTS):
            changed[TIMEOUTS[0]] = f"{min(choice.timeout, MOST_SECONDS):g}"
    return changed


class Measurement:
    """One run. `note` is told what there is to know before it.

    Raises `SettingsError` and `MissingExtraError`: what is wrong with a flag, and whatever leaves nothing to
    measure. What else is wrong with the environment is told, as the door itself would log it.
    """

    def __init__(self, choice: Choice, note: Note, environ: Mapping[str, str]) -> None:
        """Nothing is asked yet."""
        self._choice = choice
        self._note = note
        self._environ = environment(choice, environ)
        self._options = Options.from_environment(self._environ)
        at_once = self._options.workers * len(KNOWN_METRICS)
        self._settings = judge_settings(self._environ, concurrency=at_once)
        self._judge = CountedModel(opened(self._settings))
        self._plan = evaluators_of(self._options, judge=self._judge, environ=self._environ)
        self._samples = spread(load(), choice.samples)
        self._different = list({sample.id: sample for sample in self._samples}.values())
        self._check()

    def measure(self) -> Report:
        """Estimate, run, tell."""
        expected = self._estimate()
        if expected is not None:
            self._note(estimate.words(expected, len(self._samples)))
        try:
            self._start()
            return self._report(expected)
        finally:
            background().run(self._judge.aclose(), CLOSING_SECONDS)

    def _check(self) -> None:
        problems = (*self._options.problems, *self._plan.problems, *self._settings.problems)
        for problem in dict.fromkeys(problems):
            if self._choice.metrics is not None and problem.startswith(variables.EVALUATORS):
                flag = problem.replace(variables.EVALUATORS, "--metrics", 1)
                raise SettingsError(flag.replace("; it is left out", "", 1))
            self._note(f"note: {problem}")
        if not self._options.enabled:
            raise SettingsError(
                f"{variables.EVALUATORS} or {variables.SDK_DISABLED} turns evaluation off: "
                "give --mode batched, or unset it"
            )
        if "LLMInvocation" not in self._plan:
            raise SettingsError(
                f"{variables.EVALUATORS} names nothing that judges LLMInvocation, which the samples are: "
                "give --mode batched, or add native(LLMInvocation)"
            )

    def _estimate(self) -> Estimate | None:
        """What will be asked, by asking a judge that costs nothing; none where the real one costs nothing."""
        config = self._settings.config
        if config.provider in prices.FREE:
            return None
        scripted = ScriptedModel(traits=self._judge.traits)
        plan = evaluators_of(self._options, judge=scripted, environ=self._environ)
        judged = plan["LLMInvocation"]
        if any(evaluator.name != "native" for evaluator in judged):
            each = sum(len(evaluator.metrics) for evaluator in judged)
            return estimate.of_deepeval(config, each * len(self._samples))
        run = Run(plan, self._environ, room=self._options.queue_size)
        try:
            run.go(self._different, DRY_SECONDS)
        finally:
            run.close()
        results = figures.outcomes(run.ran).results
        repeated = len(self._samples) / len(self._different)
        return estimate.of_requests(config, scripted.requests, results, repeated)

    def _start(self) -> None:
        """What happens once in an application's life is no part of what is measured."""
        model = innermost(self._judge)
        if isinstance(model, Starting):
            self._note("The judge is being started …")
            background().run(model.start())
        if any(evaluator.name == "deepeval" for evaluator in self._plan["LLMInvocation"]):
            # It is not imported unless it is asked for; trouble with it is told by its failures.
            from spanjudge.in_process.deepeval.library import NotImportedError, library  # noqa: PLC0415 - see above

            with suppress(NotImportedError):
                background().run(library())

    def _report(self, expected: Estimate | None) -> Report:
        stopped, interrupted = None, False
        with bar("Samples", len(self._samples)) as step:
            run = Run(self._plan, self._environ, room=self._options.queue_size, step=step)
            began = time.perf_counter()
            try:
                if not run.go(self._samples, self._choice.timeout):
                    stopped = f"--timeout: {self._choice.timeout:g} s were over"
            except KeyboardInterrupt:
                stopped, interrupted = f"by Ctrl-C after {time.perf_counter() - began:.1f} s", True
            # Before what is under way is cut off: that is given up, and no failure of the judge's.
            ran, judged, exported = run.ran, _judged(self._judge), run.exported
            run.close()
        counts = run.counts
        ended = [one.ended for one in ran if one.ended is not None]
        seconds = max(ended) - ran[0].offered if ended else 0.0
        came = figures.outcomes(ran)
        return Report(
            setup=self._setup(),
            judge=judged,
            estimate=expected,
            completion=figures.completion(
                ran, dropped=counts.dropped, given_up=counts.given_up, stopped=stopped is not None
            ),
            outcomes=came,
            exported=exported,
            seconds=seconds,
            invocations_per_second=figures.rate(len(ended), seconds),
            results_per_second=figures.rate(came.results, seconds),
            from_offer=figures.latency(one.ended - one.offered for one in ran if one.ended is not None),
            from_start=figures.latency(
                one.ended - one.started for one in ran if one.ended is not None and one.started is not None
            ),
            agreement=figures.agreement(ran),
            failures=figures.messages(ran),
            stopped=stopped,
            interrupted=interrupted,
        )

    def _setup(self) -> Setup:
        options = self._options
        return Setup(
            evaluators={one.name: tuple(one.metrics) for one in self._plan["LLMInvocation"]},
            mode=self._mode(),
            samples=len(self._samples),
            distinct=len(self._different),
            workers=options.workers,
            queue_size=options.queue_size,
            timeout=self._choice.timeout,
        )

    def _mode(self) -> str:
        """How the native evaluator asks: as it was told to, else as the judge model wants it."""
        told, traits = self._options.batched, self._judge.traits
        batched = traits.batches and not traits.small if told is None else told
        return "batched" if batched else "non-batched"


def _judged(judge: CountedModel) -> Judged:
    return Judged(
        provider=judge.provider,
        model=judge.model,
        calls=judge.calls,
        retries=judge.retries,
        failed=judge.failed,
        most_at_once=judge.most_at_once,
        usage=judge.usage,
        cost_usd=None if judge.unpriced and judge.provider not in prices.FREE else judge.cost_usd,
    )
