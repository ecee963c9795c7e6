"""The table of every setting: reading, `spanjudge config` and the reference page all come from it."""

from spanjudge.judging.models.settings.budget import BUDGETS
from spanjudge.judging.models.settings.kinds import Choice, File, Flag, Number, Text, Whole, Words
from spanjudge.judging.models.settings.setting import Setting
from spanjudge.judging.models.settings.table import JUDGE, PROVIDERS, contract
from spanjudge.settings.live import KEEPING, PIPELINE, RECEIVERS, RESULTS
from spanjudge.settings.roles import ROLE

DAY = 86_400
MEGABYTE = 1_048_576


SERVER = (
    ROLE,
    Setting(
        key="auth_tokens",
        env=contract("AUTH_TOKEN"),
        kind=Words("one or more tokens, separated by commas"),
        about="The token clients present; several, separated by commas, are all good and may do "
        "everything. Without any token, `serve` makes one, prints it once and keeps its hash.",
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
        key="tokens_file",
        env=("SPANJUDGE_TOKENS_FILE",),
        kind=File("the path of a file"),
        about="Where the hashes of tokens are kept that `spanjudge tokens new` and the page make; each token "
        "has scopes, and an end if you want. On PostgreSQL leave it out: all processes know what is in the "
        "database, and a file only where it can be read.",
        example="/var/lib/spanjudge/issued_tokens",
        default_text="on SQLite `issued_tokens` in the data folder, on PostgreSQL the database",
    ),
    Setting(
        key="host",
        env=contract("HOST"),
        kind=Text("an address to listen on"),
        about="Address the server listens on.",
        example="127.0.0.1",
        default="0.0.0.0",  # noqa: S104 - the contract's default
    ),
    Setting(
        key="port",
        env=contract("PORT"),
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
