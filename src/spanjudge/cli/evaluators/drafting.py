"""`spanjudge evaluators new`: a file to start from, with what can be changed as comments."""

import asyncio
import re
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spanjudge.errors import EvaluatorError

if TYPE_CHECKING:
    from spanjudge.evaluators.evaluator import Evaluator

FIRST_LINES = """\
# {name}: an evaluator of Spanjudge{source}.
# Check it:   spanjudge evaluators validate {file}
# Try it:     spanjudge evaluate rows.jsonl --evaluator {file}
# Publish it: spanjudge evaluators apply {file}
"""

OPTIONS = {
    "target": "# target: span                # or trace, or session: judged when it has been quiet\n",
    "judge": "# judge: default              # a judge model of the settings\n",
    "scope": """\
# scope:                      # without a scope, every span that has what is needed is judged
#   services: [my-service]    # service.name; none = all
#   sampling: 25              # percent of the matching traces
#   rules:                    # all must hold
#     - {attribute: gen_ai.operation.name, operator: equals, value: chat}
#     - {attribute: parent_span_id, operator: equals, value: ""}    # root spans only
""",
}
"""What most evaluators leave out, by the field that it is about."""

SCRATCH_TOP = """\
name: {name}
description: One line that says what is asked; the judge reads it too.
# Without what it needs, nothing is judged: input, output, messages, system_prompt, context, expected, tools,
# tool_calls.
needs: [input, output]
rubric: |
  Say in short sentences what good means.
  Judge the output. The input only helps to understand it.

  Cases:
  - Refusal: what a refusal counts as.
  - Partial answer: what half an answer counts as.
  - Extra facts: what a fact that cannot be checked counts as.
  - Quotation: quoting something bad is not saying it.
  - Irony: judge what is meant.
  - Other languages: the same rules in every language.
  - Empty or short: what an empty output counts as.
"""

SCRATCH_ANSWERS = {
    "boolean": """\
answer:
  type: boolean
  when_true: what is so when the answer is true
  when_false: what is so when it is false
acceptance: {pass_when: true}
labels: {pass: Good, fail: Bad}
""",
    "category": """\
answer:
  type: category
  labels:
    - {name: GOOD, description: when this label fits}
    - {name: BAD, description: when that one does}
acceptance: {pass_values: [GOOD]}
""",
    "score": """\
answer:
  type: score
  min: 0
  max: 1
  anchors:                    # the judge picks one of these
    - {value: 0, description: what the worst looks like}
    - {value: 0.5, description: what the middle looks like}
    - {value: 1, description: what the best looks like}
acceptance: {min: 0.5}
""",
}


class Answer(StrEnum):
    """Forms of an answer."""

    boolean = "boolean"
    category = "category"
    score = "score"


def command(
    name: Annotated[str, typer.Argument(help="The new evaluator's name: the name of its scores, too.")],
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            help="What to start from: a template (toxicity), metric (metrics/bias), scorer, a file, or a "
            "name in the store.",
        ),
    ] = None,
    answer: Annotated[
        Answer, typer.Option(help="The form of the answer, when there is nothing to start from.")
    ] = Answer.boolean,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            help="The file or folder/ to write to, - for standard output; NAME.yaml here without it.",
        ),
    ] = None,
    *,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
) -> None:
    """Write a commented evaluator file, ready to edit. Nothing is published.

    Example:  spanjudge evaluators new no_insults --from toxicity
    """
    printed = output == "-"
    file = Path(f"{name}.yaml" if output is None else output)
    # Nothing but a YAML file is meant by anything else: a folder that is not there yet is made.
    if file.is_dir() or (output is not None and file.suffix not in {".yaml", ".yml"}):
        file /= f"{name}.yaml"
    text = write(name, source, answer.value, f"{name}.yaml" if printed else str(file))
    if printed:
        print(text, end="")
        return
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("w" if force else "x", encoding="utf-8") as opened:
            opened.write(text)
    except FileExistsError:
        raise EvaluatorError("is there already; take another name, or --force", where=str(file)) from None
    except OSError as error:
        raise EvaluatorError(f"cannot be written ({error.strerror or error})", where=str(file)) from None
    print(f"{file} written. Edit it, then:  spanjudge evaluators validate {file}")


def write(name: str, source: str | None, answer: str, file: str) -> str:
    """The text of a new file. Raises `EvaluatorError` for a bad name or an unknown source."""
    from spanjudge.evaluators.file import load_text  # noqa: PLC0415 - see `cli/main.py`
    from spanjudge.evaluators.validation import NAME_PATTERN  # noqa: PLC0415 - as above

    if not re.fullmatch(NAME_PATTERN.strip("^$"), name):
        fix = "a letter first, then letters, digits, _ or -, at most 200 in all"
        raise EvaluatorError(f"“{name}” cannot be an evaluator's name; write {fix}")
    if source is None:
        body, told = SCRATCH_TOP.replace("{name}", name) + SCRATCH_ANSWERS[answer], ""
    else:
        body, told = _copied(source, name)
    text = FIRST_LINES.format(name=name, source=told, file=file) + _with_options(body)
    load_text(text, file)
    return text


def _copied(source: str, name: str) -> tuple[str, str]:
    """The source's text with the new name, and where it is from."""
    from spanjudge.cli.evaluators import finding  # noqa: PLC0415 - see `cli/main.py`
    from spanjudge.evaluators.file import dump  # noqa: PLC0415 - as above

    if finding.is_file(source):
        path = Path(source).expanduser()
        finding.find(source, {})
        return _renamed(path.read_text(encoding="utf-8-sig"), name), f", from {path.name}"
    built_in = finding.built_in_named(source, first="templates")
    own = {} if built_in and "/" in source else asyncio.run(_own())
    if source in own:
        return _renamed(dump(own[source]), name), f", from “{source}” of the store"
    if not built_in:
        raise EvaluatorError(finding.not_found(source, own))
    if others := [one.place for one in built_in[1:]]:
        print(f"from {built_in[0].place}; there are also {', '.join(others)}", file=sys.stderr)
    return _renamed(built_in[0].text, name), f", from {built_in[0].place}"


async def _own() -> "dict[str, Evaluator]":
    from spanjudge.cli.evaluators import stored  # noqa: PLC0415 - see `cli/main.py`

    async with stored.opened_if_there() as store:
        found = await stored.entries(store)
    return {name: entry.shown.evaluator for name, entry in found.items()}


def _renamed(text: str, name: str) -> str:
    return re.sub(r"(?m)^name:.*$", f"name: {name}", text, count=1)


def _with_options(text: str) -> str:
    """The text with the fields it lacks as comments, where they stand in the format's order."""
    missing = [comment for field, comment in OPTIONS.items() if not re.search(rf"(?m)^{field}:", text)]
    start = re.search(r"(?m)^(needs|rubric|prompt):", text)
    at = start.start() if start else len(text)
    return text[:at] + "".join(missing) + text[at:]
