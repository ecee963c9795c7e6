"""Several who edit one evaluator, drafts that are taken back, and what comes back from the archive."""

import asyncio

import pytest

from spanjudge.pipeline.ports import ConflictError, Store, StoredEvaluator, UnknownEvaluatorError, current
from tests.contracts.stored import NOW, evaluator

OLD, NEW, OTHER = evaluator(rubric="old"), evaluator(rubric="new"), evaluator(rubric="other")
NAME = "quality"


async def versions(store: Store) -> list[tuple[int, str]]:
    return [(one.number, one.status) for one in await store.evaluators(all_versions=True, name=NAME)]


async def now(store: Store) -> StoredEvaluator:
    found = current(await store.evaluators(all_versions=True, name=NAME))
    assert found is not None
    return found


async def test_of_two_who_edit_the_same_version_one_is_told(store: Store) -> None:
    first = await store.save_version(OLD, base_version="", now_ns=NOW)
    base = first.evaluator.version
    answers = await asyncio.gather(
        store.save_version(NEW, base_version=base, now_ns=NOW),
        store.save_version(OTHER, base_version=base, now_ns=NOW),
        return_exceptions=True,
    )
    (lost,) = [one for one in answers if isinstance(one, ConflictError)]
    (kept,) = [one for one in answers if isinstance(one, StoredEvaluator)]
    assert lost.stored == kept
    assert await now(store) == kept
    assert await versions(store) == [(1, "archived"), (2, "draft")]
    # Who has seen what is stored may go on from it.
    mine = NEW if kept.evaluator == OTHER else OTHER
    assert (await store.save_version(mine, base_version=kept.evaluator.version, now_ns=NOW)).number == 3


async def test_two_who_save_the_same_are_of_one_mind(store: Store) -> None:
    await store.save_version(OLD, base_version="", now_ns=NOW)
    both = await asyncio.gather(
        *(store.save_version(NEW, base_version=OLD.version, now_ns=NOW) for _ in range(2))
    )
    assert both[0] == both[1]
    assert await versions(store) == [(1, "archived"), (2, "draft")]


async def test_a_new_evaluator_takes_no_name_that_is_there(store: Store) -> None:
    answers = await asyncio.gather(
        *(store.save_version(one, base_version="", now_ns=NOW) for one in (OLD, NEW)),
        return_exceptions=True,
    )
    assert sum(isinstance(one, ConflictError) for one in answers) == 1
    await store.archive(NAME)
    with pytest.raises(ConflictError, match="already") as raised:
        await store.save_version(OTHER, base_version="", now_ns=NOW)
    assert raised.value.stored.status == "archived"
    with pytest.raises(UnknownEvaluatorError, match="absent"):
        await store.save_version(evaluator("absent"), base_version="0123456789ab", now_ns=NOW)


async def test_only_what_was_looked_at_is_published(store: Store) -> None:
    await store.save_version(OLD, now_ns=NOW)
    await store.save_version(NEW, now_ns=NOW)
    with pytest.raises(ConflictError) as raised:
        await store.publish(NAME, version=OLD.version, now_ns=NOW)
    assert raised.value.stored.evaluator == NEW
    assert await versions(store) == [(1, "archived"), (2, "draft")]
    assert (await store.publish(NAME, version=NEW.version, now_ns=NOW)).status == "published"


async def test_saved_and_published_in_one_go(store: Store) -> None:
    one = await store.save_version(OLD, base_version="", publish=True, now_ns=NOW)
    assert (one.number, one.status, one.published_ns) == (1, "published", NOW)
    await store.pause(NAME, reason="wait", paused_by="user")
    two = await store.save_version(NEW, base_version=OLD.version, publish=True, now_ns=NOW + 1)
    assert (two.number, two.status, two.reason) == (2, "published", "")
    assert await versions(store) == [(1, "archived"), (2, "published")]
    assert await store.save_version(NEW, base_version=OLD.version, publish=True, now_ns=NOW + 2) == two


async def test_a_draft_is_taken_back_and_what_runs_goes_on(store: Store) -> None:
    await store.save_version(OLD, publish=True, now_ns=NOW)
    await store.save_version(NEW, now_ns=NOW)
    await store.discard_draft(NAME)
    assert await versions(store) == [(1, "published"), (2, "archived")]
    assert (await now(store)).number == 1
    assert [one.number for one in await store.evaluators()] == [1]
    await store.discard_draft(NAME)
    assert await versions(store) == [(1, "published"), (2, "archived")]
    # The end of a pause does not publish what was taken back.
    await store.pause(NAME, reason="", paused_by="user")
    assert (await store.publish(NAME, now_ns=NOW)).number == 1
    with pytest.raises(UnknownEvaluatorError):
        await store.discard_draft("absent")


async def test_a_draft_that_says_what_is_published_is_no_draft(store: Store) -> None:
    await store.save_version(OLD, publish=True, now_ns=NOW)
    await store.save_version(NEW, now_ns=NOW)
    back = await store.save_version(OLD, base_version=NEW.version, now_ns=NOW)
    assert (back.number, back.status) == (1, "published")
    assert await versions(store) == [(1, "published"), (2, "archived")]


async def test_files_applied_again_leave_a_draft_alone(store: Store) -> None:
    await store.apply([OLD], publish=True, now_ns=NOW)
    await store.save_version(NEW, now_ns=NOW)
    revision = await store.revision()
    await store.apply([OLD], publish=True, now_ns=NOW)
    assert await versions(store) == [(1, "published"), (2, "draft")]
    assert await store.revision() == revision


async def test_what_was_published_last_comes_back_from_the_archive(store: Store) -> None:
    await store.save_version(OLD, publish=True, now_ns=NOW)
    await store.save_version(NEW, now_ns=NOW)
    await store.archive(NAME)
    assert (await now(store)).number == 1
    assert (await store.publish(NAME, version=OLD.version, now_ns=NOW + 1)).number == 1
    await store.archive(NAME)
    saved = await store.save_version(OLD, base_version=OLD.version, now_ns=NOW)
    assert (saved.number, saved.status) == (1, "draft")
    await store.archive(NAME)
    changed = await store.save_version(OTHER, base_version=OLD.version, now_ns=NOW)
    assert (changed.number, changed.status) == (3, "draft")


async def test_only_the_user_ends_a_users_pause(store: Store) -> None:
    await store.save_version(OLD, publish=True, now_ns=NOW)
    await store.save_version(NEW, now_ns=NOW)
    await store.pause(NAME, reason="wait", paused_by="user")
    await store.resume(NAME)
    assert await versions(store) == [(1, "paused"), (2, "draft")]
    await store.resume(NAME, paused_by="user")
    assert await versions(store) == [(1, "published"), (2, "draft")]
    await store.pause(NAME, reason="no credit", paused_by="pipeline", retry_ns=NOW)
    await store.resume(NAME, paused_by="user")
    assert await versions(store) == [(1, "published"), (2, "draft")]


async def test_one_name_alone_can_be_asked_for(store: Store) -> None:
    await store.apply([OLD, evaluator("other")], publish=True, now_ns=NOW)
    assert [one.evaluator.name for one in await store.evaluators(name="other")] == ["other"]
    assert await store.evaluators(name="absent") == []
