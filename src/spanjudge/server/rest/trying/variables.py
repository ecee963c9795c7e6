"""`/api/v1/variables`: what of a span reaches the judge, and the prompt as it would be sent."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence

from fastapi import APIRouter, Depends

from spanjudge.evaluators import prompt as templates
from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.judging.judge import Judge
from spanjudge.judging.shown_fields import ShownField, shown_fields, shown_variable
from spanjudge.judging.subject import Subject
from spanjudge.pipeline.forecast import prompt_tokens
from spanjudge.pipeline.preview import nearest_name
from spanjudge.server.rest.evaluators.drafts import for_reading
from spanjudge.server.rest.parts import Parts
from spanjudge.server.rest.results.told import readable
from spanjudge.server.rest.shapes.results import SentPrompt
from spanjudge.server.rest.shapes.trials import TrialBody, Variable, Variables
from spanjudge.server.rest.trying.material import tried
from spanjudge.server.rest.trying.places import Places

SHOWN = 500
"""Characters of a variable that are given out."""

_NONE = ShownField()
_NOTHING = ": the judge would be told that it is not given"


def router(parts: Parts) -> APIRouter:
    """The route."""
    own = APIRouter(prefix="/api/v1", tags=["Trying"], dependencies=[Depends(parts.access.require("read"))])
    places = Places(4, 64, "look-ups of variables")

    @own.post("/variables", summary="Variables on a span")
    async def variables(body: TrialBody) -> Variables:
        """For each variable and need: resolved, empty, missing or cut; and the exact prompt.

        The definition may be unfinished: `prompt.note` says what is still wrong with it.
        """
        evaluator, notes = for_reading(body.definition)
        judge = parts.judges.get(evaluator.judge) or parts.judges["default"]
        async with places:
            material = await tried(body, evaluator, parts)
            return await asyncio.to_thread(_shown, evaluator, material.subject, judge, notes)

    return own


def _shown(evaluator: Evaluator, subject: Subject, judge: Judge, notes: Sequence[str]) -> Variables:
    limit = judge.model.traits.max_subject_chars
    found = list(_variables(evaluator, subject, limit))
    (call,) = judge.prompts(subject, [evaluator], anyway=True)
    return Variables(
        variables=found,
        prompt=SentPrompt(
            system=readable(call.system),
            user=readable(call.user),
            answer_schema=call.schema,
            shared_with=[],
            exact=not notes,
            note=readable("; ".join(notes)),
        ),
        tokens=prompt_tokens(call),
    )


def _variables(evaluator: Evaluator, subject: Subject, limit: int) -> Iterator[Variable]:
    """Those of the prompt, in order of use; then needs; a rubric is shown every field there is."""
    told: set[str] = set()
    for one in _of_prompt(evaluator):
        told.add(one.key if one.source != "attribute" else "")
        attribute = one.key if one.source == "attribute" else None
        yield _variable(one.name, shown_variable(subject, one, limit), subject, attribute)
    fields = shown_fields(subject, limit)
    shown = [] if evaluator.prompt is not None else [name for name in fields if name not in evaluator.needs]
    for name in (*evaluator.needs, *shown):
        if name not in told:
            yield _variable(f"{evaluator.target}.{name}", _field(fields, subject, name), subject, None)


def _of_prompt(evaluator: Evaluator) -> list[templates.Variable]:
    prompt = evaluator.prompt
    found: dict[templates.Variable, None] = {}
    for text in (prompt.system, prompt.user) if prompt is not None else ():
        template, _ = templates.read(text, variables=evaluator.variables, target=evaluator.target)
        found.update(dict.fromkeys(template.variables))
    for name, key in evaluator.variables.items():
        found.setdefault(templates.Variable(name, "attribute", key))
    return list(found)


def _field(fields: Mapping[str, ShownField], subject: Subject, name: str) -> ShownField:
    found = fields.get(name)
    if found is not None:
        return found
    value: object = getattr(subject, name)
    return ShownField(there=True) if value is not None and value != () else _NONE


def _variable(name: str, shown: ShownField, subject: Subject, attribute: str | None) -> Variable:
    blank = not shown.text.strip()
    return Variable(
        name=readable(name),
        attribute=None if attribute is None else readable(attribute),
        state="missing" if not shown.there else "empty" if blank else "cut" if shown.cut else "resolved",
        text=readable(shown.text[:SHOWN]),
        total_chars=shown.total,
        kept_chars=shown.kept,
        note=_note(shown, subject, attribute),
    )


def _note(shown: ShownField, subject: Subject, attribute: str | None) -> str:
    if shown.there:
        if shown.folded:
            return "steps of it are folded into a line that counts them"
        return f"{shown.total - shown.kept:,} characters are left out" if shown.cut else ""
    if attribute is None:
        return "nothing of the kind was recorded" + _NOTHING
    near = nearest_name(attribute, set(subject.attributes))
    return readable(
        f"there is no such attribute; did you mean {near}?" if near else "there is no such attribute"
    )
