"""The table of a judge model's settings."""

from spanjudge.judging.models.settings.kinds import Choice, File, Flag, Number, Text, Url, Whole
from spanjudge.judging.models.settings.setting import Setting


def contract(name: str) -> tuple[str, str]:
    """The two names of a variable of the Remote Scorer contract."""
    return (f"O2_JUDGE_{name}", f"SPANJUDGE_JUDGE_{name}")


JUDGE = (
    Setting(
        key="judge.provider",
        env=contract("PROVIDER"),
        kind=Text("the name of a provider, such as openai, anthropic, ollama or embedded"),
        about="Who runs the judge model: a name of the provider table, `embedded` (a small model inside "
        "Spanjudge, no key needed), or any provider name of LiteLLM. Required.",
        example="openai",
    ),
    Setting(
        key="judge.api_key",
        env=contract("API_KEY"),
        kind=Text("the provider's API key"),
        about="The provider's key. Required where the provider has a single key; any placeholder, "
        "or nothing, elsewhere.",
        example="sk-…",
        default="",
        secret=True,
    ),
    Setting(
        key="judge.api_key_file",
        env=("SPANJUDGE_JUDGE_API_KEY_FILE",),
        kind=File("a file that holds the provider's API key"),
        about="A file whose content is the key, as container platforms mount secrets. Read at start.",
        example="/run/secrets/judge_key",
    ),
    Setting(
        key="judge.model",
        env=contract("MODEL"),
        kind=Text("a model name as the provider spells it"),
        about="The model's name as the provider spells it (Azure: the deployment's name). Required "
        "except for `embedded`.",
        example="gpt-5.4-mini",
        default="",
    ),
    Setting(
        key="judge.url",
        env=contract("URL"),
        kind=Url(),
        about="Address of the provider's API instead of its own. Required for `openai_compatible` (with the "
        "`/v1`) and `azure`.",
        example="http://localhost:11434",
        default_text="the provider's own",
    ),
    Setting(
        key="judge.api_version",
        env=("AZURE_API_VERSION",),
        kind=Text("an API version such as 2025-04-01-preview"),
        about="API version of Azure OpenAI: a date, or `v1`.",
        example="2025-04-01-preview",
    ),
    Setting(
        key="judge.timeout",
        env=contract("TIMEOUT_SECONDS"),
        kind=Number(0.1, 3600, "seconds"),
        about="How long one evaluation may take, retries included, in seconds.",
        example="60",
        default=60.0,
    ),
    Setting(
        key="judge.concurrency",
        env=("SPANJUDGE_JUDGE_CONCURRENCY",),
        kind=Whole(1, 10_000),
        about="Most calls to this judge model at the same time; the rest wait their turn.",
        example="64",
        default=64,
    ),
    Setting(
        key="judge.requests_per_minute",
        env=("SPANJUDGE_JUDGE_REQUESTS_PER_MINUTE",),
        kind=Whole(0, 10_000_000),
        about="Most calls to this judge model in any minute, evenly over it; the rest wait their turn. Set "
        "it to what the provider allows you, or less. 0 is no limit: then the rate is lowered when the "
        "provider refuses calls, and raised again when it is calm.",
        example="500",
        default=0,
    ),
    Setting(
        key="judge.tokens_per_minute",
        env=("SPANJUDGE_JUDGE_TOKENS_PER_MINUTE",),
        kind=Whole(0, 10_000_000_000),
        about="The same for tokens, read and written: estimated before a call, corrected by what it took. "
        "Input from the provider's prompt cache counts as it does there (not at anthropic, bedrock, groq).",
        example="200000",
        default=0,
    ),
    Setting(
        key="judge.max_retries",
        env=("SPANJUDGE_JUDGE_MAX_RETRIES",),
        kind=Whole(0, 20),
        about="How often a call is tried again after a rate limit, an overloaded provider or a broken "
        "connection, within the timeout.",
        example="4",
        default=4,
    ),
    Setting(
        key="judge.batching",
        env=("SPANJUDGE_JUDGE_BATCHING",),
        kind=Flag(),
        about="Ask several criteria on one subject in one call.",
        example="true",
        default_text="as measured for the model: on for large remote ones, off for the embedded one",
    ),
    Setting(
        key="judge.max_subject_chars",
        env=("SPANJUDGE_JUDGE_MAX_SUBJECT_CHARS",),
        kind=Whole(200, 10_000_000),
        about="Longer subjects are cut in the middle, field by field, before they are sent; the result "
        "says so.",
        example="120000",
        default_text="what fits the model",
    ),
    Setting(
        key="judge.max_output_tokens",
        env=("SPANJUDGE_JUDGE_MAX_OUTPUT_TOKENS",),
        kind=Whole(16, 1_000_000),
        about="Most tokens the judge may write in one answer.",
        example="2048",
        default_text="what the question needs",
    ),
    Setting(
        key="judge.reasoning_effort",
        env=("SPANJUDGE_JUDGE_REASONING_EFFORT",),
        kind=Choice(("none", "minimal", "low", "medium", "high", "xhigh", "max")),
        about="How much a reasoning model thinks before it answers; which words a model takes is the "
        "provider's choice.",
        example="low",
        default_text="the lowest the model takes",
    ),
    Setting(
        key="judge.price_input",
        env=("SPANJUDGE_JUDGE_PRICE_INPUT",),
        kind=Number(0, 100_000, "US dollars"),
        about="US dollars for a million tokens read, for a model no price list knows.",
        example="0.15",
        default_text="the price list's",
    ),
    Setting(
        key="judge.price_output",
        env=("SPANJUDGE_JUDGE_PRICE_OUTPUT",),
        kind=Number(0, 100_000, "US dollars"),
        about="US dollars for a million tokens written, for a model no price list knows.",
        example="0.60",
        default_text="the price list's",
    ),
    Setting(
        key="judge.path",
        env=("SPANJUDGE_EMBEDDED_MODEL_PATH",),
        kind=File("the path of a GGUF file"),
        about="The embedded model's file, when it is not to be fetched.",
        example="/models/judge.gguf",
        default_text="fetched once into the data folder",
    ),
    Setting(
        key="judge.threads",
        env=("SPANJUDGE_EMBEDDED_THREADS",),
        kind=Whole(1, 1024),
        about="Computing threads of the embedded model.",
        example="4",
        default_text="the physical cores this process may use",
    ),
    Setting(
        key="judge.context_tokens",
        env=("SPANJUDGE_EMBEDDED_CONTEXT_TOKENS",),
        kind=Whole(1024, 131_072),
        about="Context of the embedded model: tokens of prompt and answer together. More takes more memory.",
        example="8192",
        default_text="8192",
    ),
)
"""The fields of a judge model."""

PROVIDERS = (
    Setting(
        key="vertex_project",
        env=("VERTEXAI_PROJECT",),
        kind=Text("a Google Cloud project"),
        about="Google Cloud project of `vertex_ai`.",
        example="my-project",
        in_file=False,
        default_text="the credentials' own",
    ),
    Setting(
        key="vertex_location",
        env=("VERTEXAI_LOCATION",),
        kind=Text("a Google Cloud location"),
        about="Google Cloud location of `vertex_ai`.",
        example="europe-west1",
        in_file=False,
    ),
    Setting(
        key="google_credentials",
        env=("GOOGLE_APPLICATION_CREDENTIALS",),
        kind=File("the path of a service account's key file"),
        about="Key file of the service account of `vertex_ai`.",
        example="/run/secrets/google.json",
        in_file=False,
        default_text="the machine's own",
    ),
    Setting(
        key="aws_access_key_id",
        env=("AWS_ACCESS_KEY_ID",),
        kind=Text("an AWS access key id"),
        about="Access key of `bedrock`.",
        example="AKIA…",
        in_file=False,
        secret=True,
        default_text="the machine's role or profile",
    ),
    Setting(
        key="aws_secret_access_key",
        env=("AWS_SECRET_ACCESS_KEY",),
        kind=Text("an AWS secret access key"),
        about="Its secret.",
        example="…",
        in_file=False,
        secret=True,
    ),
    Setting(
        key="aws_region",
        env=("AWS_REGION_NAME",),
        kind=Text("an AWS region"),
        about="AWS region of `bedrock`.",
        example="eu-central-1",
        in_file=False,
        default_text="the profile's",
    ),
)
"""What some providers want besides; handed on to them as it is."""
