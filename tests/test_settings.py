"""Settings: where each value comes from, and what is said about the bad ones."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from spanjudge import settings
from spanjudge.errors import SettingsError
from spanjudge.judging.models.settings.setting import Setting
from spanjudge.judging.models.settings.table import JUDGE
from spanjudge.settings.reference import PROVIDERS, reference
from spanjudge.settings.table import BY_ENV, TABLE

PROJECT = Path(__file__).parent.parent
GOOD = {"O2_JUDGE_PROVIDER": "openai", "O2_JUDGE_API_KEY": "sk-0123456789", "O2_JUDGE_MODEL": "gpt-5.4-mini"}


def load(*changes: Mapping[str, str], **options: Any) -> settings.Settings:
    environ = dict(GOOD)
    for change in changes:
        environ |= change
    return settings.load(environ, **options)


def problem(environ: Mapping[str, str]) -> str:
    with pytest.raises(SettingsError) as caught:
        settings.load(environ)
    return str(caught.value)


def write(folder: Path, text: str) -> dict[str, str]:
    file = folder / "spanjudge.yaml"
    file.write_text(text, encoding="utf-8")
    return {"SPANJUDGE_CONFIG": str(file)}


def test_the_contract_alone_is_enough() -> None:
    loaded = load({"O2_JUDGE_AUTH_TOKEN": "one, two"})
    assert loaded.judge.provider == "openai"
    assert loaded.judge.timeout == 60
    assert (loaded.host, loaded.port) == ("0.0.0.0", 8000)  # noqa: S104 - the contract's default
    assert loaded.auth_tokens == ("one", "two")


@pytest.mark.parametrize(
    "row", [row for row in TABLE if row.env[0].startswith("O2_JUDGE_")], ids=lambda row: row.key
)
def test_every_name_of_the_contract_has_a_second_one(row: Setting) -> None:
    assert row.env == (row.env[0], row.env[0].replace("O2_", "SPANJUDGE_"))


def test_two_names_of_one_setting_may_agree_but_not_contradict() -> None:
    assert load({"SPANJUDGE_JUDGE_MODEL": "gpt-5.4-mini"}).judge.model == "gpt-5.4-mini"
    told = problem(GOOD | {"SPANJUDGE_JUDGE_MODEL": "gpt-6"})
    assert "O2_JUDGE_MODEL='gpt-5.4-mini'" in told
    assert "SPANJUDGE_JUDGE_MODEL='gpt-6'" in told


def test_contradicting_secrets_are_named_and_hidden() -> None:
    told = problem(GOOD | {"SPANJUDGE_JUDGE_API_KEY": "sk-another-secret"})
    assert "SPANJUDGE_JUDGE_API_KEY=(hidden)" in told
    assert "sk-" not in told.replace("such as sk-…", "")


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.key)
def test_every_documented_variable_takes_its_own_example(row: Setting, tmp_path: Path) -> None:
    example = row.example
    if row.key == "config":
        example = write(tmp_path, "port: 1\n")["SPANJUDGE_CONFIG"]
    elif row.key == "evaluators_dir":
        example = str(tmp_path)
    elif row.key in {"auth_tokens_file", "judge.api_key_file", "google_credentials"}:
        (tmp_path / "file").write_text("a-token-or-key", encoding="utf-8")
        example = str(tmp_path / "file")
    base = {
        name: text for name, text in GOOD.items() if not (row.key == "judge.api_key_file" and "KEY" in name)
    }
    environ = base | {row.env[-1]: example}
    if row.key in {"judge.provider", "judge.api_key", "judge.model"}:
        environ.pop(row.env[0])
    settings.load(environ)
    line = next(line for line in settings.effective(environ) if line.key == row.key)
    assert line.origin == f"environment {row.env[-1]}"
    assert line.value == "(hidden)" if row.secret else line.value


BAD = {
    "O2_JUDGE_PORT": "eighty",
    "O2_JUDGE_TIMEOUT_SECONDS": "nan",
    "O2_JUDGE_URL": "localhost:11434",
    "SPANJUDGE_JUDGE_CONCURRENCY": "0",
    "SPANJUDGE_JUDGE_REQUESTS_PER_MINUTE": "-1",
    "SPANJUDGE_JUDGE_TOKENS_PER_MINUTE": "a lot",
    "SPANJUDGE_JUDGE_MAX_RETRIES": "-1",
    "SPANJUDGE_JUDGE_BATCHING": "perhaps",
    "SPANJUDGE_JUDGE_MAX_SUBJECT_CHARS": "3",
    "SPANJUDGE_JUDGE_MAX_OUTPUT_TOKENS": "lots",
    "SPANJUDGE_JUDGE_REASONING_EFFORT": "lo",
    "SPANJUDGE_JUDGE_PRICE_INPUT": "-0.1",
    "SPANJUDGE_JUDGE_PRICE_OUTPUT": "inf",
    "SPANJUDGE_EMBEDDED_THREADS": "1.5",
    "SPANJUDGE_EMBEDDED_CONTEXT_TOKENS": "12",
    "SPANJUDGE_MAX_BODY_BYTES": "4MB",
    "SPANJUDGE_MAX_IN_FLIGHT": "none",
    "SPANJUDGE_CACHE_SECONDS": "-5",
    "SPANJUDGE_CACHE_SIZE": "many",
    "SPANJUDGE_LOG_LEVEL": "verbose",
    "SPANJUDGE_LOG_FORMAT": "xml",
    "SPANJUDGE_ACCESS_LOG": "maybe",
    "SPANJUDGE_LOG_CONTENT": "2",
    "SPANJUDGE_CONFIG": "/nowhere/spanjudge.yaml",
    "SPANJUDGE_EVALUATORS_DIR": "/nowhere/evaluators",
    "SPANJUDGE_AUTH_TOKENS_FILE": "/nowhere/tokens",
    "SPANJUDGE_JUDGE_API_KEY_FILE": "/nowhere/key",
    "SPANJUDGE_GRPC_PORT": "many",
    "SPANJUDGE_MAX_OTLP_BYTES": "64MB",
    "SPANJUDGE_CONTENT_GRACE_SECONDS": "-1",
    "SPANJUDGE_WORKER_CONCURRENCY": "0",
    "SPANJUDGE_ROLE": "wroker",
    "SPANJUDGE_WORKER_ATTEMPTS": "0",
    "SPANJUDGE_TRACE_IDLE_SECONDS": "0",
    "SPANJUDGE_TRACE_LONGEST_SECONDS": "ever",
    "SPANJUDGE_SESSION_IDLE_SECONDS": "30m",
    "SPANJUDGE_SESSION_LONGEST_SECONDS": "inf",
    "SPANJUDGE_BUDGET_TOKENS_MONTH": "2M",
    "SPANJUDGE_BUDGET_TOKENS_DAY": "-5",
    "SPANJUDGE_BUDGET_USD_MONTH": "$5",
    "SPANJUDGE_BUDGET_USD_DAY": "nan",
    "SPANJUDGE_EXPORT_OTLP_ENDPOINT": "collector:4318",
    "SPANJUDGE_EXPORT_CONSOLE": "perhaps",
    "SPANJUDGE_JUDGE_TRACES_ENDPOINT": "collector",
    "SPANJUDGE_RETENTION_SPANS_DAYS": "0",
    "SPANJUDGE_RETENTION_RESULTS_DAYS": "month",
    "SPANJUDGE_MAX_STORE_BYTES": "20GB",
}


@pytest.mark.parametrize(("name", "value"), BAD.items(), ids=list(BAD))
def test_a_bad_value_is_told_with_name_value_and_fix(name: str, value: str) -> None:
    environ = {
        key: text for key, text in GOOD.items() if name != "SPANJUDGE_JUDGE_API_KEY_FILE" or "KEY" not in key
    }
    told = problem(environ | {name: value})
    assert name in told or "api_key_file" in told
    assert value in told
    row = BY_ENV[name]
    fixes = ("no such file", "no such folder", "cannot be read")
    assert f"expected {row.kind.expects}" in told or any(fix in told for fix in fixes)


def test_each_bad_kind_of_setting_is_tried() -> None:
    free_text = {"str", "Text", "Words"}
    with_rules = {row.env[0] for row in TABLE if type(row.kind).__name__ not in free_text}
    elsewhere = {
        "SPANJUDGE_DATA_DIR",
        "SPANJUDGE_TOKENS_FILE",
        "SPANJUDGE_EMBEDDED_MODEL_PATH",
        "GOOGLE_APPLICATION_CREDENTIALS",
    }
    assert with_rules - elsewhere == set(BAD)


def test_the_file_of_hashes_is_a_file_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    assert "this is a folder" in problem(GOOD | {"SPANJUDGE_TOKENS_FILE": str(tmp_path)})
    file.write_text("a-token", encoding="utf-8")
    both = {"SPANJUDGE_TOKENS_FILE": str(file), "SPANJUDGE_AUTH_TOKENS_FILE": str(file)}
    assert "name another file" in problem(GOOD | both)
    assert (
        settings.load(GOOD | {"SPANJUDGE_DATA_DIR": str(tmp_path)}).tokens_file == tmp_path / "issued_tokens"
    )


def test_a_bad_secret_is_not_shown() -> None:
    told = problem(GOOD | {"SPANJUDGE_SECRET": "hunter2", "O2_JUDGE_AUTH_TOKEN": "'quoted-token'"})
    assert "SPANJUDGE_SECRET=(hidden)" in told
    assert "O2_JUDGE_AUTH_TOKEN=(hidden)" in told
    assert "hunter2" not in told
    assert "quoted-token" not in told


@pytest.mark.parametrize(
    ("unknown", "nearest"),
    [
        ("O2_JUDGE_MODLE", "O2_JUDGE_MODEL"),
        ("O2_JUDGE_TIMEOUT", "O2_JUDGE_TIMEOUT_SECONDS"),
        ("SPANJUDGE_PROT", "O2_JUDGE_PORT"),
        ("SPANJUDGE_EVALUATOR_DIR", "SPANJUDGE_EVALUATORS_DIR"),
        ("SPANJUDGE_DATABSE_URL", "SPANJUDGE_DATABASE_URL"),
    ],
)
def test_an_unknown_variable_is_told_with_the_nearest_known_one(unknown: str, nearest: str) -> None:
    assert f"{unknown}: no such setting; did you mean {nearest}?" in problem(GOOD | {unknown: "1"})


def test_all_problems_are_told_in_one_go() -> None:
    told = problem({"O2_JUDGE_PORT": "x", "SPANJUDGE_NONSENSE": "1", "SPANJUDGE_LOG_LEVEL": "loud"})
    assert told.startswith("4 settings need attention:")
    for name in (
        "O2_JUDGE_PORT",
        "SPANJUDGE_NONSENSE",
        "SPANJUDGE_LOG_LEVEL",
        "O2_JUDGE_PROVIDER is not set",
    ):
        assert name in told


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({}, "O2_JUDGE_PROVIDER is not set"),
        ({"O2_JUDGE_PROVIDER": "openai", "O2_JUDGE_MODEL": "m"}, "O2_JUDGE_API_KEY is not set"),
        ({"O2_JUDGE_PROVIDER": "anthropic", "O2_JUDGE_API_KEY": "k"}, "O2_JUDGE_MODEL is not set"),
        ({"O2_JUDGE_PROVIDER": "openai_compatible", "O2_JUDGE_MODEL": "m"}, "O2_JUDGE_URL is not set"),
        (GOOD | {"O2_JUDGE_PROVIDER": "azure"}, "O2_JUDGE_URL is not set"),
        (GOOD | {"O2_JUDGE_PROVIDER": "opnai"}, "did you mean openai?"),
        (
            GOOD | {"O2_JUDGE_PROVIDER": "openai_compatible", "O2_JUDGE_URL": "http://h:1"},
            "usually /v1: http://h:1/v1",
        ),
        (
            GOOD | {"O2_JUDGE_PROVIDER": "bedrock", "AWS_ACCESS_KEY_ID": "A"},
            "AWS_SECRET_ACCESS_KEY is not set",
        ),
        (
            GOOD | {"O2_JUDGE_PROVIDER": "vertex_ai", "GOOGLE_APPLICATION_CREDENTIALS": "/nowhere.json"},
            "GOOGLE_APPLICATION_CREDENTIALS='/nowhere.json'",
        ),
    ],
)
def test_what_is_missing_is_named(environ: dict[str, str], named: str) -> None:
    assert named in problem(environ)


def test_the_embedded_judge_needs_neither_key_nor_model() -> None:
    loaded = settings.load({"O2_JUDGE_PROVIDER": "embedded", "SPANJUDGE_DATA_DIR": "/data"})
    assert loaded.judge.cache_dir == "/data/models"
    assert settings.load({}, fallback_provider="embedded").judge.provider == "embedded"


def test_empty_variables_are_none_at_all() -> None:
    loaded = load({"O2_JUDGE_URL": "", "O2_JUDGE_PORT": "  ", "SPANJUDGE_CONFIG": ""})
    assert loaded.judge.url is None
    assert loaded.port == 8000


def test_what_kubernetes_and_opentelemetry_set_does_not_stop_the_start() -> None:
    loaded = load(
        {
            "SPANJUDGE_PORT": "tcp://10.0.0.1:8000",
            "SPANJUDGE_SERVICE_HOST": "10.0.0.1",
            "SPANJUDGE_SERVICE_PORT": "8000",
            "SPANJUDGE_SERVICE_PORT_HTTP": "8000",
            "SPANJUDGE_PORT_8000_TCP": "tcp://10.0.0.1:8000",
            "SPANJUDGE_PORT_8000_TCP_ADDR": "10.0.0.1",
            "O2_JUDGE_PORT": "tcp://10.0.0.2:8000",
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318",
            "SPANJUDGE_EXPORT_OTLP_ENDPOINT": "none",
            "SPANJUDGE_EXPORT_OTLP_LOGS_HEADERS": "a=b",
            "SPANJUDGE_JUDGE_TRACES_PROTOCOL": "grpc",
        },
    )
    assert loaded.port == 8000
    assert loaded.notes == ()


def test_budgets_and_destinations_of_the_file_are_read(tmp_path: Path) -> None:
    config = write(
        tmp_path,
        """
        budgets:
          polite: {tokens_day: 1000, usd_month: 2.5}
        destinations:
          warehouse:
            endpoint: http://otlp:4318
            headers: {Authorization: "Bearer a b", x-team: blue}
          lake: {endpoint: "http://lake:4317", protocol: grpc, certificate: lake.pem}
        """,
    )
    loaded = load(config)
    assert loaded.budgets == {"polite": {"tokens_day": 1000, "usd_month": 2.5}}
    assert loaded.destinations == {
        "warehouse": {
            "endpoint": "http://otlp:4318",
            "headers": {"Authorization": "Bearer a b", "x-team": "blue"},
        },
        "lake": {
            "endpoint": "http://lake:4317",
            "protocol": "grpc",
            "certificate": str(tmp_path / "lake.pem"),
        },
    }


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("budgets: {polite: {tokens_dya: 5}}", "budgets.polite.tokens_dya: no such setting; did you mean"),
        ("budgets: {polite: {usd_day: many}}", "expected a number of US dollars"),
        ("destinations: {lake: {endpiont: x}}", "did you mean endpoint?"),
        ("destinations: {lake: {headers: x}}", "headers: expected a mapping"),
    ],
)
def test_a_bad_budget_or_destination_is_told_with_its_line(tmp_path: Path, line: str, told: str) -> None:
    config = write(tmp_path, line)
    with pytest.raises(SettingsError, match=re.escape(told)):
        load(config)


def test_the_port_of_the_grpc_receiver_can_be_off() -> None:
    assert load({}).grpc_port == 4317
    assert load({"SPANJUDGE_GRPC_PORT": "off"}).grpc_port is None
    with pytest.raises(SettingsError, match="a port from 0 to 65535, or off"):
        load({"SPANJUDGE_GRPC_PORT": "many"})


def test_the_database_stands_in_the_data_folder_unless_told_otherwise(tmp_path: Path) -> None:
    assert load({"SPANJUDGE_DATA_DIR": str(tmp_path)}).database_url == f"sqlite:///{tmp_path}/spanjudge.db"
    other = "sqlite:////elsewhere/x.db"
    assert load({"SPANJUDGE_DATABASE_URL": other}).database_url == other


def test_the_file_is_weaker_than_the_environment_and_the_command_line_stronger(tmp_path: Path) -> None:
    config = write(
        tmp_path,
        "port: 1111\nhost: 10.0.0.1\ncache_seconds: 5\nauth_tokens: [a1, b2]\n"
        "judge: {provider: anthropic, model: claude-haiku-4-5, api_key_env: CLAUDE, timeout: 7}\n",
    )
    environ = config | {"CLAUDE": "sk-ant-1", "O2_JUDGE_PORT": "2222", "SPANJUDGE_JUDGE_CONCURRENCY": "3"}
    loaded = settings.load(environ, options={"host": "127.0.0.1"})
    assert (loaded.host, loaded.port, loaded.cache_seconds) == ("127.0.0.1", 2222, 5)
    assert loaded.auth_tokens == ("a1", "b2")
    judge = loaded.judge
    assert (judge.provider, judge.api_key, judge.timeout, judge.concurrency) == (
        "anthropic",
        "sk-ant-1",
        7,
        3,
    )
    origins = {line.key: line.origin for line in settings.effective(environ)}
    assert origins["cache_seconds"].endswith("spanjudge.yaml:3")
    assert origins["port"] == "environment O2_JUDGE_PORT"


def test_further_judges_have_the_same_fields(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("k-from-file\n", encoding="utf-8")
    fields = {row.field: row.example for row in JUDGE if row.field not in {"api_key", "api_key_file", "path"}}
    lines = "".join(f"    {field}: {example}\n" for field, example in fields.items())
    config = write(tmp_path, f"judges:\n  second:\n    api_key_file: key\n{lines}")
    second = load(config).judges["second"]
    assert second.api_key == "k-from-file"
    assert (second.name, second.model, second.timeout, second.batching) == (
        "second",
        "gpt-5.4-mini",
        60,
        True,
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("prot: 1\n", ":1: prot: no such setting; did you mean port?"),
        ("\njudge:\n  modle: x\n", ":3: judge.modle: no such setting; did you mean model?"),
        ("judges:\n  a:\n    provider: openai\n    nope: 1\n", ":4: judges.a.nope: no such setting"),
        ("port: [1, 2]\n", ":1: port: ['1', '2']: expected a whole number"),
        ("judges: {default: {provider: x}}\n", "the default judge model is set under `judge:`"),
        ("judges: {a: {}}\n", "judges.a.provider is not set"),
        ("judges: {a: {provider: groq, model: m}}\n", "judges.a.api_key is not set"),
        ("judges: {a: {provider: groq, model: m, api_key_env: NOT_THERE}}\n", "NOT_THERE is not set"),
        ("judges: {a: {provider: groq, model: m, api_key: k, api_key_file: f}}\n", "the key is given twice"),
        ("port: 1\nport: 2\n", ":2: `port` stands here a second time"),
        ("port: {a: 1}\n", ":1: port.a: no such setting"),
        ("- port\n", ":1: expected settings"),
        ("port: 'x\n", "not YAML"),
        ("config: other.yaml\n", "config: no such setting"),
    ],
)
def test_a_bad_file_is_told_with_its_line(text: str, told: str, tmp_path: Path) -> None:
    message = problem(GOOD | write(tmp_path, text))
    assert told in message
    assert "spanjudge.yaml" in message or "judges." in message


def test_content_is_logged_only_at_debug_level() -> None:
    assert any("SPANJUDGE_LOG_CONTENT" in note for note in load({"SPANJUDGE_LOG_CONTENT": "1"}).notes)
    assert not load({"SPANJUDGE_LOG_CONTENT": "1", "SPANJUDGE_LOG_LEVEL": "debug"}).notes


def test_addresses_are_shown_without_secrets() -> None:
    shown = settings.effective(GOOD | {"O2_JUDGE_URL": "https://me:pass@host:1/v1?key=abc"})
    assert next(line.value for line in shown if line.key == "judge.url") == "https://…@host:1/v1?…"


def test_the_reference_page_is_what_the_table_says() -> None:
    page = (PROJECT / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert page == reference(), "run: spanjudge config --format reference > docs/configuration.md"
    for row in TABLE:
        for name in row.env:
            assert f"`{name}`" in page


def examples() -> dict[str, dict[str, str]]:
    """The provider blocks of `.env.example`, comment signs taken off."""
    text = (PROJECT / ".env.example").read_text(encoding="utf-8")
    blocks: dict[str, dict[str, str]] = {}
    for block in re.split(r"^# --- ", text, flags=re.MULTILINE)[1:]:
        pairs = re.findall(r"^#?([A-Z][A-Z0-9_]+)=(.*)$", block, flags=re.MULTILINE)
        blocks[dict(pairs).get("O2_JUDGE_PROVIDER", "server")] = dict(pairs)
    return blocks


@pytest.mark.parametrize("provider", examples())
def test_every_example_is_accepted(provider: str, tmp_path: Path) -> None:
    environ = {
        name: "" if name == "SPANJUDGE_EVALUATORS_DIR" else text
        for name, text in examples()[provider].items()
    }
    if "GOOGLE_APPLICATION_CREDENTIALS" in environ:
        (tmp_path / "google.json").write_text("{}", encoding="utf-8")
        environ["GOOGLE_APPLICATION_CREDENTIALS"] = str(tmp_path / "google.json")
    assert set(environ) <= set(BY_ENV)
    settings.load(environ, fallback_provider="embedded")


def test_there_is_an_example_for_every_provider_of_the_table() -> None:
    assert set(PROVIDERS) <= set(examples())
