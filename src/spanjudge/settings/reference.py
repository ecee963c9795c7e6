"""The reference page of all settings, written from the table: `docs/configuration.md`."""

from spanjudge.judging.models.registry import EXAMPLE_MODELS
from spanjudge.judging.models.settings.judge import KEYLESS
from spanjudge.judging.models.settings.setting import Setting
from spanjudge.judging.models.settings.table import JUDGE
from spanjudge.settings.table import GROUPS

OPENING = """\
# Configuration

<!-- Written by `spanjudge config --format reference`; a test compares. Change settings/table.py or judging/models/settings/table.py instead. -->

Settings come from options of the command line (`--host`, `--port`), then the environment, then one YAML file that
`SPANJUDGE_CONFIG` names, then the defaults below; the first that has a setting wins. `spanjudge config` prints what is in effect and where
it comes from, `spanjudge check` tries the judge.

- Every `O2_JUDGE_…` variable of the Remote Scorer contract is also read as `SPANJUDGE_JUDGE_…`. The two are one setting under two
  names: the same value in both is fine, different values stop the start.
- An unknown `O2_JUDGE_…` or `SPANJUDGE_…` variable, an unknown key of the file, or a bad value stops the start. All problems are told in one
  go, each with its name, its value (secrets hidden) and the fix.
- An empty variable is the same as none. White space around a value is cut off. Quotation marks around a value are a mistake that is told
  (`docker run --env-file` passes them on).
- What Kubernetes puts into the environment for a service called `spanjudge` (`SPANJUDGE_PORT=tcp://…`) is recognised and left alone.
- OpenTelemetry's own variables mean what its specification says: `OTEL_EXPORTER_OTLP_…` is where results and the server's own metrics go,
  `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` are who sends them, `OTEL_METRIC_EXPORT_INTERVAL` how often, `OTEL_LOGS_EXPORTER=none`,
  `OTEL_METRICS_EXPORTER=none` and `OTEL_SDK_DISABLED=true` turn things off.
- Proxies and certificates are the usual variables: `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`, `SSL_CERT_FILE`, `SSL_CERT_DIR`.
"""  # noqa: E501 - the page's lines, which are wider

PROVIDER_TABLE = """\
## Providers

| provider | `O2_JUDGE_PROVIDER` | key | a model | also |
|---|---|---|---|---|
"""

PROVIDERS = {
    "openai": ("OpenAI", ""),
    "anthropic": ("Anthropic Claude", ""),
    "gemini": ("Google AI Studio (Gemini)", ""),
    "vertex_ai": (
        "Google Vertex AI",
        "`GOOGLE_APPLICATION_CREDENTIALS`, `VERTEXAI_PROJECT`, `VERTEXAI_LOCATION`; extra `litellm`",
    ),
    "bedrock": (
        "AWS Bedrock",
        "`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_REGION_NAME`; extra `litellm`",
    ),
    "azure": ("Azure OpenAI", "`O2_JUDGE_URL`, `AZURE_API_VERSION`"),
    "cohere": ("Cohere", "extra `litellm`"),
    "mistral": ("Mistral", ""),
    "groq": ("Groq", ""),
    "deepseek": ("DeepSeek", ""),
    "together_ai": ("Together AI", ""),
    "fireworks_ai": ("Fireworks AI", ""),
    "openrouter": ("OpenRouter", ""),
    "ollama": ("Ollama (local)", "`O2_JUDGE_URL` when it is not at `http://localhost:11434`"),
    "openai_compatible": ("any OpenAI-compatible endpoint", "`O2_JUDGE_URL`, with the `/v1`"),
    "embedded": ("a small model inside Spanjudge", "extra `embedded`; fetched once, 1.1 GB"),
}

CLOSING = """\
## The file

Keys are the names in the column *in the file*. `judge` is the default judge model, which the built-in scorers ask; `judges` holds further ones,
with the same fields, and an evaluator's `judge: NAME` chooses one. Instead of `api_key`, a judge model may have `api_key_env` (the name
of a variable that holds the key) or `api_key_file`, so that the file holds no secret. Relative paths start at the file's folder.

```yaml
judge:
  provider: openai
  model: gpt-5.4-mini
  api_key_env: OPENAI_API_KEY
judges:
  strict:
    provider: anthropic
    model: claude-haiku-4-5
    api_key_file: /run/secrets/anthropic_key
    timeout: 30
  local:
    provider: ollama
    model: qwen3:8b
    url: http://localhost:11434
    batching: false
budgets:
  faithfulness: {tokens_day: 200000, usd_month: 20}
destinations:
  warehouse:
    endpoint: https://otlp.example.com
    headers: {Authorization: "Bearer ${WAREHOUSE_TOKEN}"}
evaluators_dir: ./evaluators
auth_tokens_file: /run/secrets/spanjudge_tokens
log_format: json
```

`budgets` has limits for single evaluators beside those for all; `destinations` further OTLP backends for results, each with `endpoint`, `protocol`
(`http/protobuf` or `grpc`), `headers` (`${NAME}` in a value is that variable), `timeout`, `compression`, `certificate`, `client_certificate`, `client_key` and
`signals` (`logs`, `metrics`).

A judge model that an evaluator names and no setting has stops the start, with the evaluator's file.

## Exchanging tokens without a restart

Put the new token on a line of its own into the file of `SPANJUDGE_AUTH_TOKENS_FILE`, let clients change over, then take the old line out. The
file is read again when it changes, and at once on SIGHUP. A file that cannot be read, or that is empty while no other token is set,
changes nothing: the tokens that were good stay good and the log says why.

"""  # noqa: E501 - the page's lines, which are wider


def reference() -> str:
    """The page, in Markdown."""
    parts = [OPENING, PROVIDER_TABLE + "\n".join(_providers()) + "\n"]
    for group, rows in GROUPS.items():
        parts.append(f"## {group}\n\n" + _intro(rows) + "\n".join(_table(rows)) + "\n")
    return "\n".join([*parts, CLOSING.rstrip()]) + "\n"


def _providers() -> list[str]:
    return [
        f"| {title} | `{name}` | {'no' if name in KEYLESS else 'yes'} | "
        f"{f'`{EXAMPLE_MODELS[name]}`' if name in EXAMPLE_MODELS else '–'} | {also} |"
        for name, (title, also) in PROVIDERS.items()
    ] + ["| anything else that LiteLLM supports | its LiteLLM name | as LiteLLM says | | extra `litellm` |"]


def _intro(rows: tuple[Setting, ...]) -> str:
    if rows is not JUDGE:
        return ""
    return (
        "Variables set the default judge model; in the file, `judge:` and each `judges.NAME:` have these "
        "fields.\n\n"
    )


def _table(rows: tuple[Setting, ...]) -> list[str]:
    lines = ["| variable | in the file | what it does | takes | default |", "|---|---|---|---|---|"]
    for row in rows:
        names = " or ".join(f"`{name}`" for name in row.env)
        key = f"`{row.key}`" if row.in_file else "–"
        takes = f"{row.kind.expects}, such as `{row.example}`"
        lines.append(f"| {names} | {key} | {row.about} | {takes} | {_default(row)} |")
    return lines


def _default(row: Setting) -> str:
    if row.default_text:
        return row.default_text
    if row.default is None or row.default in ("", ()):
        return "–"
    value = str(row.default).lower() if isinstance(row.default, bool) else row.default
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"
