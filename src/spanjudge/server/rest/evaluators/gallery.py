"""`/api/v1/gallery`: built-in evaluators to begin from."""

from collections.abc import Collection
from typing import Literal

from fastapi import APIRouter, Depends

from spanjudge.evaluators import gallery
from spanjudge.evaluators.answer_format import Category
from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.server.rest.evaluators.definitions import answer_type, definition_of
from spanjudge.server.rest.parts import Parts
from spanjudge.server.rest.shapes import evaluators as shapes

Room = Literal["templates", "metrics", "scorers"]

_SCRATCH = {
    "description": "Does the output do what the input asks for?",
    "needs": ["input", "output"],
    "rubric": """\
Judge the output by the input it answers. What does the user want,
and how far does the output get them there?

GOOD: does what was asked. It is right as far as the material shows, and complete enough to act on.
WEAK: helps with a part of it. Something that was asked for is missing, vague or hard to find.
BAD: does not help. It misses the point, contradicts the material, or says nothing that can be used.

Cases:
- Refusal: refusing what would do harm is GOOD, refusing anything else is BAD.
- Question back: GOOD when the input lacks what is needed to answer, else WEAK.
- Length, tone and form count only where the input asks for them.
- What the material cannot confirm counts as right, unless it contradicts itself.
""",
    "answer": {
        "type": "category",
        "labels": [
            {"name": "GOOD", "description": "does what was asked"},
            {"name": "WEAK", "description": "helps with a part of it"},
            {"name": "BAD", "description": "does not help"},
        ],
    },
    "acceptance": {"pass_values": ["GOOD"]},
}


def router(parts: Parts) -> APIRouter:
    """The routes."""
    own = APIRouter(
        prefix="/api/v1/gallery", tags=["Evaluators"], dependencies=[Depends(parts.access.require("read"))]
    )

    @own.get("", summary="Evaluators to begin from")
    async def entries() -> shapes.Gallery:
        """The nine templates, six metrics and eight scorers, and a definition for one from scratch.

        `in_use` says that an evaluator of this name is stored, be it archived: then it needs another name.
        """
        taken = {one.evaluator.name for one in await parts.store.evaluators()}
        rooms: list[tuple[Room, dict[str, Evaluator]]] = [
            ("templates", gallery.templates()),
            ("metrics", gallery.metrics()),
            ("scorers", gallery.scorers()),
        ]
        return shapes.Gallery(
            items=[
                _entry(room, evaluator, in_use=evaluator.name in taken)
                for room, evaluators in rooms
                for evaluator in evaluators.values()
            ],
            scratch=scratch(taken),
        )

    return own


def scratch(taken: Collection[str]) -> shapes.Definition:
    """*LLM-as-a-Judge from scratch*: a rubric that can be tried at once, under a name that is free."""
    numbered = (f"my_evaluator_{number}" for number in range(2, len(taken) + 3))
    name = next(one for one in ("my_evaluator", *numbered) if one not in taken)
    return shapes.Definition.model_validate({"name": name, **_SCRATCH})


def _entry(room: Room, evaluator: Evaluator, *, in_use: bool) -> shapes.GalleryEntry:
    answer, words = evaluator.answer, evaluator.labels
    labels = [label.name for label in answer.labels] if isinstance(answer, Category) else []
    return shapes.GalleryEntry(
        id=f"{room}/{evaluator.name}",
        room=room,
        name=evaluator.name,
        description=evaluator.description,
        target=evaluator.target,
        answer_type=answer_type(answer),
        needs=list(evaluator.needs),
        labels=labels or ([words.pass_, words.fail] if words else []),
        in_use=in_use,
        definition=definition_of(evaluator),
    )
