"""Evaluators of the store as the API gives them out."""

from collections.abc import Mapping, Sequence

import msgspec

from spanjudge.evaluators.differences import Difference, differences, shown
from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.pipeline.figures import EvaluatorFigures
from spanjudge.pipeline.ports import StoredEvaluator, current
from spanjudge.server.rest.evaluators import figures
from spanjudge.server.rest.evaluators.definitions import answer_type, definition_of
from spanjudge.server.rest.shapes import evaluators as shapes
from spanjudge.server.rest.shapes.times import instant


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One name of the store.

    `now` is the version that is edited and published next, `live` the published or paused one.
    """

    versions: Sequence[StoredEvaluator]
    now: StoredEvaluator
    live: StoredEvaluator | None

    @property
    def draft(self) -> StoredEvaluator | None:
        """What stands above what is published; of an archived evaluator what would come back."""
        return None if self.now is self.live else self.now

    @property
    def shown(self) -> StoredEvaluator:
        """The version that counts."""
        return self.live or self.now


def entry_of(versions: Sequence[StoredEvaluator]) -> Entry | None:
    """The versions of one name together; nothing of none."""
    now = current(versions)
    if now is None:
        return None
    live = next((one for one in versions if one.status in ("published", "paused")), None)
    return Entry(versions=versions, now=now, live=live)


def evaluator_shape(entry: Entry, *, from_file: bool) -> shapes.Evaluator:
    """One evaluator, its versions newest first, without counting their results."""
    live, draft, shown_one = entry.live, entry.draft, entry.shown
    return shapes.Evaluator(
        name=shown_one.evaluator.name,
        status=shown_one.status,
        reason=shown_one.reason,
        paused_by=shown_one.paused_by,
        from_file=from_file,
        published=definition_of(live.evaluator) if live else None,
        published_number=live.number if live else None,
        published_version=live.evaluator.version if live else None,
        draft=definition_of(draft.evaluator) if draft else None,
        draft_number=draft.number if draft else None,
        draft_version=draft.evaluator.version if draft else None,
        versions=version_shapes(entry.versions),
    )


def version_shapes(
    versions: Sequence[StoredEvaluator], results: Mapping[str, int] | None = None
) -> list[shapes.Version]:
    """Newest first. `results` counts them by version hash: equal versions have theirs in common."""
    return [
        shapes.Version(
            number=one.number,
            version=one.evaluator.version,
            status=one.status,
            created=instant(one.created_ns),
            published=None if one.published_ns is None else instant(one.published_ns),
            results=None if results is None else results.get(one.evaluator.version, 0),
        )
        for one in sorted(versions, key=lambda one: -one.number)
    ]


def row_shape(entry: Entry, found: EvaluatorFigures, *, from_file: bool) -> shapes.EvaluatorRow:
    """One evaluator in the list."""
    one, draft, failure = entry.shown, entry.draft, found.last_failure
    evaluator = one.evaluator
    return shapes.EvaluatorRow(
        name=evaluator.name,
        description=evaluator.description,
        target=evaluator.target,
        judge=evaluator.judge,
        answer_type=answer_type(evaluator.answer),
        status=one.status,
        number=one.number,
        version=evaluator.version,
        draft_number=draft.number if draft and entry.live else None,
        services=list(evaluator.scope.services),
        sampling=evaluator.scope.sampling,
        reason=one.reason,
        paused_by=one.paused_by,
        retry=None if one.retry_ns is None else instant(one.retry_ns),
        from_file=from_file,
        figures=figures.figures_shape(found.now),
        before=figures.figures_shape(found.before),
        trend=list(found.trend),
        waiting=found.waiting,
        last_error=failure.message if failure else "",
        last_error_code=failure.code if failure else "",
        last_error_time=instant(failure.time_ns) if failure else None,
        last_result=None if found.last_ns is None else instant(found.last_ns),
    )


def changes(before: Evaluator, after: Evaluator) -> list[shapes.FieldChange]:
    """Every field that differs, in the order of the file format; long texts line by line too."""
    return [_change(one) for one in differences(before, after)]


def _change(one: Difference) -> shapes.FieldChange:
    return shapes.FieldChange(
        field=one.field,
        before="" if one.old is None else shown(one.old),
        after="" if one.new is None else shown(one.new),
        diff=list(one.lines),
    )
