"""The table of every setting: reading, `spanjudge config` and the reference page all come from it."""

from spanjudge.settings.kinds import Choice, File, Flag, Number, Text, Url, Whole, Words
from spanjudge.settings.live import BUDGETS, KEEPING, PIPELINE, RECEIVERS, RESULTS
from spanjudge.settings.setting import Setting

DAY = 86_400
MEGABYTE = 1_048_576


def _contract(name: str) -> tuple[str, str]:
    return (f"O2_JUDGE_{name}", f"SPANJUDGE_JUDGE_{name}")


JUDGE = (
    Setting(
        key="judge.provider",
        env=_contract("PROVIDER"),
        kind=Text("the name of a provider, such as openai, anthropic, ollama or embedded"),
        about="Who runs the judge model: a name of the provider table, `embedded` (a small model inside "
        "Spanjudge, no key needed), or any provider name of LiteLLM. Required.",
        example="openai",
    ),
    Setting(
        key="judge.api_key",
        env=_contract("API_KEY"),
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
        env=_contract("MODEL"),
        kind=Text("a model name as the provider spells it"),
        about="The model's name as the provider spells it (Azure: the deployment's name). Required "
        "except for `embedded`.",
        example="gpt-5.4-mini",
        default="",
    ),
    Setting(
        key="judge.url",
        env=_contract("URL"),
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
        env=_contract("TIMEOUT_SECONDS"),
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

SERVER = (
    Setting(
        key="auth_tokens",
        env=_contract("AUTH_TOKEN"),
        kind=Words("one or more tokens, separated by commas"),
        about="The token clients present; several, separated by commas, are all good. Without any, `serve` "
        "makes one up and prints it once.",
        example="a-long-random-text",
        default=(),
        secret=True,
    ),
    Setting(
        key="auth_tokens_file",
        env=("SPANJUDGE_AUTH_TOKENS_FILE",),
        kind=File("a file with one token a line"),
        about="A file with one more token a line (`#` starts a comment). Read again when it changes and on "
        "SIGHUP, so tokens are exchanged without a restart.",
        example="/run/secrets/spanjudge_tokens",
    ),
    Setting(
        key="host",
        env=_contract("HOST"),
        kind=Text("an address to listen on"),
        about="Address the server listens on.",
        example="127.0.0.1",
        default="0.0.0.0",  # noqa: S104 - the contract's default
    ),
    Setting(
        key="port",
        env=_contract("PORT"),
        kind=Whole(0, 65_535),
        about="Port the server listens on; 0 takes a free one.",
        example="8000",
        default=8000,
    ),
    Setting(
        key="max_body_bytes",
        env=("SPANJUDGE_MAX_BODY_BYTES",),
        kind=Whole(1024, 1024 * MEGABYTE),
        about="Longer request bodies are refused with 413.",
        example="4000000",
        default=4_000_000,
    ),
    Setting(
        key="max_in_flight",
        env=("SPANJUDGE_MAX_IN_FLIGHT",),
        kind=Whole(1, 1_000_000),
        about="Most evaluations under way at once; more are told OVERLOADED with 503.",
        example="2000",
        default=2000,
    ),
    Setting(
        key="cache_seconds",
        env=("SPANJUDGE_CACHE_SECONDS",),
        kind=Number(0, 30 * DAY, "seconds"),
        about="How long a result is kept and given again for the same content, so that a client's retry "
        "never pays twice; 0 keeps nothing.",
        example="300",
        default=300.0,
    ),
    Setting(
        key="cache_size",
        env=("SPANJUDGE_CACHE_SIZE",),
        kind=Whole(0, 10_000_000),
        about="Most results kept.",
        example="10000",
        default=10_000,
    ),
)
"""The server."""

PLACES = (
    Setting(
        key="config",
        env=("SPANJUDGE_CONFIG",),
        kind=File("the path of a YAML file"),
        about="A YAML file with any of these settings and with further judge models. The environment wins.",
        example="/etc/spanjudge.yaml",
        in_file=False,
    ),
    Setting(
        key="data_dir",
        env=("SPANJUDGE_DATA_DIR",),
        kind=File("the path of a folder"),
        about="Folder for what must survive a restart: the secret behind the fences, the embedded model.",
        example="/var/lib/spanjudge",
        default_text="`$XDG_DATA_HOME/spanjudge` or `~/.local/share/spanjudge`",
    ),
    Setting(
        key="evaluators_dir",
        env=("SPANJUDGE_EVALUATORS_DIR",),
        kind=File("the path of a folder with evaluator files"),
        about="Folder with your own evaluators, one YAML file each; they are served by name beside the "
        "built-in scorers and replace one of the same name.",
        example="./evaluators",
    ),
    Setting(
        key="secret",
        env=("SPANJUDGE_SECRET",),
        kind=Text("a random text of 16 characters or more"),
        about="Key of the fences around untrusted text in prompts. Give all processes the same one.",
        example="a-long-random-text",
        default_text="made up once and kept in the data folder",
        secret=True,
    ),
)
"""Files and folders."""

LOGS = (
    Setting(
        key="log_level",
        env=("SPANJUDGE_LOG_LEVEL",),
        kind=Choice(("debug", "info", "warning", "error")),
        about="What is logged.",
        example="info",
        default="info",
    ),
    Setting(
        key="log_format",
        env=("SPANJUDGE_LOG_FORMAT",),
        kind=Choice(("auto", "json", "text")),
        about="`json`: one object a line; `text`: for people; `auto`: text on a terminal, json elsewhere.",
        example="json",
        default="auto",
    ),
    Setting(
        key="access_log",
        env=("SPANJUDGE_ACCESS_LOG",),
        kind=Flag(),
        about="One line for every request to the server, beside the one for every evaluation.",
        example="true",
        default=False,
    ),
    Setting(
        key="log_content",
        env=("SPANJUDGE_LOG_CONTENT",),
        kind=Flag(),
        about="Log what is sent to and comes back from judge models, users' texts included. Works only with "
        "`SPANJUDGE_LOG_LEVEL=debug`.",
        example="false",
        default=False,
    ),
)
"""Logs."""

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

GROUPS: dict[str, tuple[Setting, ...]] = {
    "The judge model": JUDGE,
    "The server": SERVER,
    "Receiving spans": RECEIVERS,
    "Judging live spans": PIPELINE,
    "Budgets": BUDGETS,
    "Results": RESULTS,
    "Keeping": KEEPING,
    "Files and folders": PLACES,
    "Logs": LOGS,
    "Providers’ own": PROVIDERS,
}

TABLE: tuple[Setting, ...] = tuple(setting for group in GROUPS.values() for setting in group)

BY_ENV: dict[str, Setting] = {name: setting for setting in TABLE for name in setting.env}
