"""`spanjudge evaluators`: what is asked about live spans, as files and in the store."""

import typer

from spanjudge.cli.evaluators import applying, drafting, exporting, listing, status, validating

app = typer.Typer(
    help="Evaluators: write and check files, bring them into the store, publish and pause them.\n\n"
    "The store is that of the settings (SPANJUDGE_DATA_DIR or SPANJUDGE_DATABASE_URL). A server that runs "
    "beside it notices every change by itself.\n\n"
    "Example:  spanjudge evaluators new no_insults --from toxicity\n\n"
    "Example:  spanjudge evaluators validate no_insults.yaml\n\n"
    "Example:  spanjudge evaluators apply no_insults.yaml",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)
for name, command in {
    "list": listing.list_command,
    "show": listing.show_command,
    "new": drafting.command,
    "validate": validating.command,
    "plan": applying.plan_command,
    "apply": applying.apply_command,
    "diff": listing.diff_command,
    "publish": status.publish_command,
    "pause": status.pause_command,
    "archive": status.archive_command,
    "export": exporting.command,
}.items():
    app.command(name)(command)
