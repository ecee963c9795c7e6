"""What applying files would change in the store. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec

from spanjudge.cli.evaluators.stored import Entry
from spanjudge.evaluators.differences import Difference, differences
from spanjudge.evaluators.doubts import doubts
from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.evaluators.file import Reading

Action = Literal["new", "changed", "publish", "unchanged", "absent", "archive"]
"""`publish`: a draft with this content becomes live. `absent`: in the store, in no file, and left alone."""

SIGNS: dict[Action, str] = {
    "new": "+",
    "changed": "~",
    "publish": "^",
    "unchanged": "=",
    "absent": "?",
    "archive": "-",
}


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What happens to one name. `evaluator` is the file's; `notes` are worth reading before applying.

    `publish` tells whether the file's content goes live: not as a draft, and not while a user has paused it.
    """

    name: str
    action: Action
    file: str | None = None
    evaluator: Evaluator | None = None
    publish: bool = False
    before: str = ""
    after: str = ""
    changes: tuple[Difference, ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def changes_something(self) -> bool:
        """Whether the store is different afterwards."""
        return self.action not in ("unchanged", "absent")


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Every step, by name; `publish` tells whether files are published or kept as drafts."""

    steps: tuple[Step, ...]
    publish: bool

    @property
    def changed(self) -> list[Step]:
        """The steps that change something."""
        return [step for step in self.steps if step.changes_something]

    @property
    def published(self) -> list[Evaluator]:
        """What the store has to publish."""
        return [step.evaluator for step in self.changed if step.evaluator is not None and step.publish]

    @property
    def kept(self) -> list[Evaluator]:
        """What the store has to keep as drafts."""
        return [step.evaluator for step in self.changed if step.evaluator is not None and not step.publish]

    @property
    def archived(self) -> list[str]:
        """The names that are taken out of use."""
        return [step.name for step in self.steps if step.action == "archive"]

    def count(self, action: Action) -> int:
        """How many steps of a kind there are."""
        return sum(step.action == action for step in self.steps)


def make(
    readings: Sequence[Reading],
    entries: Mapping[str, Entry],
    *,
    judges: Iterable[str],
    publish: bool,
    prune: bool,
    whole: bool = True,
) -> Plan:
    """Compare files, of which none has problems, with the store.

    `whole`: the files are meant to be all there is, so what is only in the store is told.
    """
    known = list(judges)
    steps: list[Step] = []
    for reading in readings:
        if reading.evaluator is not None:
            entry = entries.get(reading.evaluator.name)
            steps.append(_step(reading.where, reading.evaluator, entry, known, publish=publish))
    named = {step.name for step in steps}
    for name, entry in entries.items():
        if whole and name not in named and not entry.archived:
            steps.append(_absent(entry, prune=prune))
    return Plan(steps=tuple(sorted(steps, key=lambda step: step.name)), publish=publish)


def text(plan: Plan) -> list[str]:
    """For people: a heading for each name, with what changes below it."""
    lines: list[str] = []
    for step in plan.steps:
        lines.append(f"{SIGNS[step.action]} {step.name}: {_words(step)}")
        for change in step.changes:
            lines += [f"    {line}".rstrip() for line in change.text()]
        lines += [f"    note: {note}" for note in step.notes]
        lines += [f"    warning: {warning}" for warning in step.warnings]
    counted = [
        f"{plan.count('new')} new",
        f"{plan.count('changed')} changed",
        *([f"{plan.count('publish')} to publish"] if plan.count("publish") else ()),
        *([f"{plan.count('archive')} to archive"] if plan.count("archive") else ()),
        f"{plan.count('unchanged')} unchanged",
        *([f"{plan.count('absent')} only in the store"] if plan.count("absent") else ()),
    ]
    lines.append(", ".join(counted))
    return lines


def as_json(plan: Plan) -> dict[str, Any]:
    """For programs."""
    return {
        "publish": plan.publish,
        "changes": len(plan.changed),
        "steps": [
            {
                "name": step.name,
                "action": step.action,
                "file": step.file,
                "version": step.evaluator.version if step.evaluator else None,
                "before": step.before or None,
                "after": step.after or None,
                "changes": [
                    {"field": change.field, "old": change.old, "new": change.new} for change in step.changes
                ],
                "notes": step.notes,
                "warnings": step.warnings,
            }
            for step in plan.steps
        ],
    }


def _step(
    file: str, evaluator: Evaluator, entry: Entry | None, judges: Sequence[str], *, publish: bool
) -> Step:
    step = Step(
        name=evaluator.name,
        action="new",
        file=file,
        evaluator=evaluator,
        publish=publish,
        after="published" if publish else "draft",
        warnings=(*_judge_doubts(evaluator, judges), *doubts(evaluator)),
    )
    if entry is None:
        return step
    if entry.archived:
        note = f"it was archived as version {entry.newest.number}, and comes back"
        return msgspec.structs.replace(step, notes=(note,), before="archived")
    step = msgspec.structs.replace(step, before=entry.status)
    return _published(step, evaluator, entry) if publish else _kept(step, evaluator, entry)


def _published(step: Step, evaluator: Evaluator, entry: Entry) -> Step:
    live, draft = entry.live, entry.draft
    if live is None:
        if entry.newest.evaluator.version == evaluator.version:
            return msgspec.structs.replace(step, action="publish")
        return _changed(step, entry.newest.evaluator, evaluator)
    notes: tuple[str, ...] = ()
    if live.status == "paused" and live.paused_by == "user":
        ends = f"`spanjudge evaluators publish {entry.name}` ends the pause"
        if live.evaluator.version != evaluator.version:
            note = f"a user has paused it, so the change is kept as a draft; {ends} and publishes the draft"
            held = msgspec.structs.replace(step, publish=False, after=f"{live.status}, draft", notes=(note,))
            return _kept(held, evaluator, entry)
        notes = (f"it stays paused; {ends}",)
    if live.evaluator.version != evaluator.version:
        return _changed(step, live.evaluator, evaluator)
    if draft is not None:
        notes = (*notes, f"draft {draft.number} in the store is in no file, and is left alone")
    return msgspec.structs.replace(step, action="unchanged", after=entry.status, notes=notes)


def _kept(step: Step, evaluator: Evaluator, entry: Entry) -> Step:
    held = {one.evaluator.version for one in (entry.live, entry.newest) if one is not None}
    if evaluator.version in held:
        return msgspec.structs.replace(step, action="unchanged", after=entry.status)
    return _changed(step, entry.newest.evaluator, evaluator)


def _changed(step: Step, old: Evaluator, new: Evaluator) -> Step:
    return msgspec.structs.replace(step, action="changed", changes=tuple(differences(old, new)))


def _absent(entry: Entry, *, prune: bool) -> Step:
    if prune:
        return Step(name=entry.name, action="archive", before=entry.status, after="archived")
    note = "it is in no file and stays as it is; --prune archives it"
    return Step(name=entry.name, action="absent", before=entry.status, after=entry.status, notes=(note,))


def _judge_doubts(evaluator: Evaluator, judges: Sequence[str]) -> list[str]:
    if evaluator.judge in judges:
        return []
    known = ", ".join(judges)
    told = f"judge: the settings have no judge model “{evaluator.judge}”, only {known}; "
    return [f"{told}add judges.{evaluator.judge} to the file of SPANJUDGE_CONFIG"]


def _words(step: Step) -> str:
    match step.action:
        case "new":
            return f"new, {step.after}"
        case "changed":
            return f"changed ({step.before} → {step.after})"
        case "publish":
            return f"{step.before} → published"
        case "archive":
            return f"{step.before} → archived, in no file"
        case "unchanged":
            return f"unchanged ({step.before})"
        case _:
            return f"only in the store ({step.before})"
