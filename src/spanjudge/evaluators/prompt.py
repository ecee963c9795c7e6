"""Full-prompt style: templates with variables, read once and filled in for each subject.

A variable stands in double braces, white space inside is free: `{{span.input}}`,
`{{ span.attributes["my.key"] }}`, `{{tenant}}` for a name of the evaluator's `variables`.
"""

import re
from collections.abc import Callable, Mapping
from typing import Literal, get_args

import msgspec

from spanjudge.errors import EvaluatorError
from spanjudge.evaluators.problem import nearest

SpanField = Literal[
    "input",
    "output",
    "messages",
    "system_prompt",
    "context",
    "expected",
    "tools",
    "tool_calls",
    "model",
    "provider",
]
"""The words after `span.`; each is a field of the subject."""

Target = Literal["span", "trace", "session"]

FIELDS: dict[Target, tuple[str, ...]] = {
    "span": get_args(SpanField),
    "trace": ("spans", "input", "output"),
    "session": ("turns",),
}
"""What a template can name of each kind of target."""

_MOST_FAULTS = 100
_BRACES = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_ATTRIBUTE = re.compile(r"""span\s*\.\s*attributes\s*\[\s*(?:"([^"]+)"|'([^']+)')\s*\]""")
_DOTTED = re.compile(r"(\w+)\s*\.\s*(\w+)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Variable(msgspec.Struct, frozen=True):
    """Something of the subject that a template shows.

    `source` is `attribute` (then `key` is the span attribute's exact key) or the target (then `key` is one
    of `FIELDS`). `name` is how the author wrote it, without white space: `span.input`, `tenant`.
    """

    name: str
    source: Literal["attribute", "span", "trace", "session"]
    key: str


class Template(msgspec.Struct, frozen=True):
    """Literal text and variables in turn, in the order they were written."""

    parts: tuple[str | Variable, ...]

    @property
    def variables(self) -> tuple[Variable, ...]:
        """Each variable once, in the order of first use."""
        return tuple(dict.fromkeys(part for part in self.parts if isinstance(part, Variable)))


class Fault(msgspec.Struct, frozen=True):
    """A place of a template that cannot be read; `line` and `column` count from 1 inside the template."""

    message: str
    line: int
    column: int


def parse(text: str, *, variables: Mapping[str, str] | None = None, target: Target = "span") -> Template:
    """Read a template; `variables` maps names to span attributes, as in the evaluator file.

    Raises `EvaluatorError` with the line and column of the first fault.
    """
    template, faults = read(text, variables=variables, target=target)
    if faults:
        first = faults[0]
        raise EvaluatorError(first.message, where=f"line {first.line}, column {first.column}")
    return template


def read(
    text: str, *, variables: Mapping[str, str] | None = None, target: Target = "span"
) -> tuple[Template, list[Fault]]:
    """Read a template as far as possible and tell the faults in it, of very many the first."""
    parts: list[str | Variable] = []
    faults: list[Fault] = []
    end = 0
    # Behind the last closing braces every opening one would be searched for its end to the end of the text.
    for match in _BRACES.finditer(text, 0, text.rfind("}}") + 2):
        if len(faults) >= _MOST_FAULTS:
            return Template(tuple(parts)), faults
        if match.start() > end:
            parts.append(text[end : match.start()])
        found = _variable(match.group(1).strip(), variables or {}, target)
        if isinstance(found, Variable):
            parts.append(found)
        else:
            faults.append(_fault(text, match.start(), found))
        end = match.end()
    if end < len(text):
        parts.append(text[end:])
    opened = text.find("{{", end)
    if opened >= 0:
        faults.append(_fault(text, opened, "“{{” is never closed; add “}}”, or a space between the braces"))
    return Template(tuple(parts)), faults


def render(template: Template, value_of: Callable[[Variable], str]) -> str:
    """The text with every variable replaced by what `value_of` gives for it.

    Values are put in as they come and are not read again: braces inside a value stay text. Fencing
    untrusted values is up to `value_of`.
    """
    return "".join(part if isinstance(part, str) else value_of(part) for part in template.parts)


def _variable(written: str, variables: Mapping[str, str], target: Target) -> Variable | str:
    """The variable, or what is wrong."""
    attribute = _ATTRIBUTE.fullmatch(written)
    if attribute and target == "span":
        key = attribute.group(1) or attribute.group(2)
        return Variable(f'span.attributes["{key}"]', "attribute", key)
    dotted = _DOTTED.fullmatch(written)
    if dotted and dotted.group(1) == target and dotted.group(2) in FIELDS[target]:
        return Variable(f"{target}.{dotted.group(2)}", target, dotted.group(2))
    if written in variables:
        return Variable(written, "attribute", variables[written])
    return _explain(written, variables, target)


def _explain(written: str, variables: Mapping[str, str], target: Target) -> str:
    shown = "{{" + written + "}}"
    known = [f"{target}.{field}" for field in FIELDS[target]]
    if not written:
        return f"{shown} names nothing; write a variable like {{{{{known[0]}}}}}"
    head = written.partition(".")[0].strip()
    if head in FIELDS and head != target:
        return f"{shown} is not there when the target is {target}; use {', '.join(known)}"
    if written.replace(" ", "").startswith("span.attributes"):
        fix = '{{span.attributes["my.key"]}} with the exact key in quotes'
        return f"{shown} names no attribute; write {fix}"
    if _DOTTED.fullmatch(written) or _NAME.fullmatch(written):
        return f"{shown} is not known; {nearest(written, [*known, *variables])}"
    return f"{shown} is no variable; for braces as plain text put a space between them: {{ {{"


def _fault(text: str, offset: int, message: str) -> Fault:
    line_start = text.rfind("\n", 0, offset) + 1
    return Fault(message, text.count("\n", 0, offset) + 1, offset - line_start + 1)
