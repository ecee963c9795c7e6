"""Every environment variable of in-process evaluation: reading and the reference table come from here."""

import msgspec

from spanjudge.judging.models.settings.budget import BUDGETS
from spanjudge.judging.models.settings.kinds import Choice, Flag, Number, Text, Url, Whole
from spanjudge.judging.models.settings.setting import Setting

EVALS = "OTEL_INSTRUMENTATION_GENAI_EVALS_"
EVALUATION = "OTEL_INSTRUMENTATION_GENAI_EVALUATION_"
OURS = "OTEL_INSTRUMENTATION_GENAI_EVAL"
"""What begins like this is meant for evaluation."""

MONITORING = f"{EVALS}MONITORING"
EVALUATORS = f"{EVALS}EVALUATORS"
DEEPEVAL_IMPLEMENTATION = f"{EVALS}DEEPEVAL_IMPLEMENTATION"
DEEPEVAL_MODE = f"{EVALS}DEEPEVAL_MODE"
CUSTOM_RUBRICS = f"{EVALS}CUSTOM_RUBRICS"
RESULTS_AGGREGATION = f"{EVALS}RESULTS_AGGREGATION"
QUEUE_SIZE = f"{EVALS}QUEUE_SIZE"
OLD_QUEUE_SIZE = f"{EVALUATION}QUEUE_SIZE"
WORKERS = f"{EVALS}WORKERS"
CONCURRENT = f"{EVALS}CONCURRENT"
INTERVAL = f"{EVALS}INTERVAL"
SAMPLE_RATE = f"{EVALUATION}SAMPLE_RATE"
RATE_LIMIT_RPS = f"{EVALUATION}RATE_LIMIT_RPS"
RATE_LIMIT_BURST = f"{EVALUATION}RATE_LIMIT_BURST"
SDK_DISABLED = "OTEL_SDK_DISABLED"

OPENAI_API_KEY = "OPENAI_API_KEY"
GENAI_OPENAI_API_KEY = "GENAI_OPENAI_API_KEY"
DEEPEVAL_LLM_BASE_URL = "DEEPEVAL_LLM_BASE_URL"
OPENAI_BASE_URL = "OPENAI_BASE_URL"
DEEPEVAL_LLM_PROVIDER = "DEEPEVAL_LLM_PROVIDER"
MODELS = ("DEEPEVAL_EVALUATION_MODEL", "DEEPEVAL_LLM_MODEL", "DEEPEVAL_MODEL", "OPENAI_MODEL")

OF_THE_HOST = frozenset(
    {
        f"{EVALS}RESULT_TIMEOUT",
        f"{EVALS}SEPARATE_PROCESS",
        f"{EVALS}USE_SINGLE_METRIC",
        f"{EVALS}WORKER_TIMEOUT",
        f"{EVALUATION}RATE_LIMIT_ENABLE",
    }
)
"""What only the OpenTelemetry GenAI utilities read; nothing is said about it."""

EVALUATE = (
    Setting(
        key="evaluators",
        env=(EVALUATORS,),
        kind=Text("evaluators, types and metrics"),
        about="Which evaluators judge which metrics of which invocations. `none`, `off` or `false` turns "
        "evaluation off.",
        example="native(LLMInvocation(bias,toxicity(threshold=0.7)),AgentInvocation(bias))",
        default_text="`auto`, which is `native(LLMInvocation)` with the default metrics",
    ),
    Setting(
        key="custom_rubrics",
        env=(CUSTOM_RUBRICS,),
        kind=Text("a JSON object"),
        about="Metrics of your own. They join the default metrics, and can be listed by name.",
        example='{"code_quality": {"rubric": "Is the code readable and correct?"}}',
        default="",
    ),
    Setting(
        key="deepeval_implementation",
        env=(DEEPEVAL_IMPLEMENTATION,),
        kind=Choice(("deepeval", "native")),
        about="What `deepeval(…)` runs: the DeepEval library (extra `deepeval`), or the native evaluator in "
        "its place.",
        example="native",
        default="deepeval",
    ),
    Setting(
        key="deepeval_mode",
        env=(DEEPEVAL_MODE,),
        kind=Choice(("batched", "non-batched")),
        about="How the native evaluator asks: all metrics of an invocation in one call of the judge, or each "
        "in its own.",
        example="non-batched",
        default="batched",
        default_text="`batched`, but for small judge models, where it was measured to cost agreement",
    ),
    Setting(
        key="aggregation",
        env=(RESULTS_AGGREGATION,),
        kind=Flag(),
        about="All results of an invocation in one batch, when its last evaluator is done; otherwise those "
        "of each evaluator as soon as it is.",
        example="true",
        default=False,
    ),
    Setting(
        key="monitoring",
        env=(MONITORING,),
        kind=Flag(),
        about="The metrics about evaluation itself: judge calls, tokens, the queue.",
        example="true",
        default=False,
    ),
)
"""What is evaluated, and what is told of it."""

QUEUE = (
    Setting(
        key="queue_size",
        env=(QUEUE_SIZE, OLD_QUEUE_SIZE),
        kind=Whole(1, 10_000_000),
        about="Most invocations that wait; more are dropped, counted and told. The second name is an older "
        "one, read where the first is not set.",
        example="1000",
        default=100,
    ),
    Setting(
        key="workers",
        env=(WORKERS,),
        kind=Whole(1, 1024),
        about="Most invocations under evaluation at the same time. They share one thread.",
        example="64",
        default=4,
    ),
    Setting(
        key="concurrent",
        env=(CONCURRENT,),
        kind=Flag(),
        about="`false` evaluates one invocation at a time, whatever the workers are.",
        example="false",
        default=True,
        default_text="not set, which is the same as `true`",
    ),
    Setting(
        key="interval",
        env=(INTERVAL,),
        kind=Number(0.01, 86_400, "seconds"),
        about="How often the log tells of dropped invocations, while there are any.",
        example="60",
        default=5.0,
    ),
    Setting(
        key="sample_rate",
        env=(SAMPLE_RATE,),
        kind=Number(0, 1),
        about="The part of traces that is evaluated, chosen by trace id: every process chooses the same.",
        example="0.25",
        default=1.0,
    ),
    Setting(
        key="rate_limit_rps",
        env=(RATE_LIMIT_RPS,),
        kind=Number(0, 1_000_000),
        about="Most invocations taken for evaluation in a second, on average; 0 is no limit.",
        example="10",
        default=0.0,
    ),
    Setting(
        key="rate_limit_burst",
        env=(RATE_LIMIT_BURST,),
        kind=Whole(1, 1_000_000),
        about="Most that are taken at once after a quiet time, where there is a limit.",
        example="20",
        default=4,
    ),
    Setting(
        key="sdk_disabled",
        env=(SDK_DISABLED,),
        kind=Flag(),
        about="OpenTelemetry's own: `true` turns evaluation off with everything else.",
        example="true",
        default=False,
    ),
)
"""Queue, workers and admission."""

JUDGE = (
    Setting(
        key="api_key",
        env=(OPENAI_API_KEY, GENAI_OPENAI_API_KEY),
        kind=Text("the key"),
        about="The judge's key. A server of your own needs none.",
        example="sk-…",
        secret=True,
    ),
    Setting(
        key="url",
        env=(DEEPEVAL_LLM_BASE_URL, OPENAI_BASE_URL),
        kind=Url(),
        about="The server that judges: any that speaks OpenAI's chat completions, with or without the `/v1`.",
        example="http://localhost:8000/v1",
        default_text="OpenAI",
    ),
    Setting(
        key="model",
        env=MODELS,
        kind=Text("the name of a model"),
        about="The judge model.",
        example="gpt-5.4-mini",
        default="gpt-4o-mini",
    ),
    Setting(
        key="provider",
        env=(DEEPEVAL_LLM_PROVIDER,),
        kind=Text("a name"),
        about="What the judge's provider is called on results and metrics; OpenAI's protocol is spoken all "
        "the same.",
        example="vllm",
        default="openai",
    ),
)
"""The judge model, where `SPANJUDGE_JUDGE_PROVIDER` and `O2_JUDGE_PROVIDER` are not set."""

BUDGET = (
    msgspec.structs.replace(
        BUDGETS[0],
        about="Most tokens that a judge model which costs money may read and write for this process in a "
        "month (UTC). When they are used up, evaluation stops with `budget_exhausted` until the next; 0 is "
        "no limit.",
        default=0,
    ),
    *BUDGETS[1:],
)
"""What judging may cost, counted by each process from its start. A bad value turns evaluation off."""

GROUPS: dict[str, tuple[Setting, ...]] = {
    "What is evaluated": EVALUATE,
    "Queue and workers": QUEUE,
    "The judge model": JUDGE,
    "Budget": BUDGET,
}

BY_NAME: dict[str, Setting] = {
    name: setting for group in GROUPS.values() for setting in group for name in setting.env
}
