"""The `spanjudge` command. Each command is a file of this folder, imported when it is used."""

import importlib
import sys
from typing import Annotated, Any

from spanjudge.errors import MissingExtraError, SpanjudgeError

try:
    import typer
    from typer.core import TyperGroup
except ImportError:
    sys.exit(f"spanjudge: {MissingExtraError('the command line', 'server')}")
from spanjudge.version import __version__

COMMANDS = {
    "serve": "spanjudge.cli.serve",
    "worker": "spanjudge.cli.worker",
    "demo": "spanjudge.cli.demo",
    "check": "spanjudge.cli.check",
    "config": "spanjudge.cli.config",
    "tokens": "spanjudge.cli.tokens",
    "models": "spanjudge.cli.models",
    "evaluators": "spanjudge.cli.evaluators",
    "evaluate": "spanjudge.cli.evaluate",
    "explain": "spanjudge.cli.explain",
    "spans": "spanjudge.cli.spans",
    "openobserve-export": "spanjudge.cli.openobserve_export",
    "agreement": "spanjudge.cli.agreement",
    "perf": "spanjudge.cli.perf.command",
}
"""Each command's module; it has `app`, a `typer.Typer`, or a function `command`."""

USER_ERROR = 2
INTERRUPTED = 130

HELP = """
Scores what language models said, with a language model as the judge.

Start with a look, no key needed:

    spanjudge demo

Then serve with a judge of your own:

    O2_JUDGE_PROVIDER=openai O2_JUDGE_API_KEY=sk-… O2_JUDGE_MODEL=gpt-5.4-mini spanjudge serve

Settings come from the environment and one optional YAML file: `spanjudge config` shows them,
`spanjudge check` tries the judge. `spanjudge COMMAND --help` has an example for each command.
"""


class LazyGroup(TyperGroup):
    """Knows its commands by name and imports one only when it is wanted."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Names in the order they are learnt."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import the command, or `None` for an unknown name."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(COMMANDS[cmd_name])
        single: typer.Typer | None = getattr(module, "app", None)
        if single is None:
            single = typer.Typer(add_completion=False, rich_markup_mode=None)
            single.command(cmd_name)(module.command)
        command = typer.main.get_command(single)
        command.name = cmd_name
        return command


app = typer.Typer(
    cls=LazyGroup,
    help=HELP,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it with the option's value
    if wanted:
        print(f"spanjudge {__version__}")
        raise typer.Exit


@app.callback()
def main(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="With an error, show where it happened.")] = False,
) -> None:
    """See HELP."""


def run(arguments: list[str] | None = None) -> None:
    """Run the command line and leave with its exit code: 0 good, 1 no, 2 a mistake of the user's."""
    arguments = sys.argv[1:] if arguments is None else arguments
    debug = "--debug" in arguments
    arguments = [argument for argument in arguments if argument != "--debug"]
    try:
        app(args=arguments, prog_name="spanjudge")
    except SpanjudgeError as error:
        if debug:
            raise
        _fail(str(error), USER_ERROR)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except Exception as error:
        if debug:
            raise
        _fail(f"{type(error).__name__}: {error} (this is a bug; --debug shows where)", 1)


def _fail(message: str, status: int) -> None:
    print(f"spanjudge: {message}", file=sys.stderr)
    sys.exit(status)
