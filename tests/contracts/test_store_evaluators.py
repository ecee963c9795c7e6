"""Evaluators: versions, and which of them judges."""

import pytest

from spanjudge.errors import SpanjudgeError
from spanjudge.evaluators.gallery import metrics, scorers, templates
from spanjudge.pipeline.ports import Store, StoredEvaluator, UnknownEvaluatorError
from tests.contracts.stored import NOW, done, evaluator, finish, job, lease, numbers, put, states

OLD, NEW = evaluator(rubric="old"), evaluator(rubric="new")


def told(found: list[StoredEvaluator]) -> list[tuple[str, int, str]]:
    return [(one.evaluator.name, one.number, one.status) for one in found]


async def test_every_evaluator_of_the_gallery_comes_back_as_it_was(store: Store) -> None:
    gallery = sorted({**metrics(), **scorers(), **templates()}.values(), key=lambda one: one.name)
    await store.apply(gallery, publish=False, now_ns=NOW)
    found = await store.evaluators()
    assert [one.evaluator for one in found] == gallery
    assert [one.evaluator.version for one in found] == [one.version for one in gallery]


async def test_each_change_is_a_version(store: Store) -> None:
    first = await store.save_version(OLD, now_ns=NOW)
    assert (first.number, first.status, first.created_ns) == (1, "draft", NOW)
    assert await store.save_version(OLD, now_ns=NOW + 5) == first
    second = await store.save_version(NEW, now_ns=NOW + 5)
    back = await store.save_version(OLD, now_ns=NOW + 6)
    assert (second.number, back.number) == (2, 3)
    assert told(await store.evaluators()) == [("quality", 3, "draft")]
    assert told(await store.evaluators(all_versions=True)) == [
        ("quality", 1, "archived"),
        ("quality", 2, "archived"),
        ("quality", 3, "draft"),
    ]
    found = await store.version("quality", NEW.version)
    assert found is not None
    assert found.evaluator == NEW
    newest = await store.version("quality", OLD.version)
    assert newest is not None
    assert newest.number == 3
    assert await store.version("quality", "unknown") is None


async def test_publishing_takes_the_place_of_the_one_before(store: Store) -> None:
    await store.save_version(OLD, now_ns=NOW)
    assert (await store.publish("quality", now_ns=NOW + 1)).published_ns == NOW + 1
    await store.save_version(NEW, now_ns=NOW + 2)
    assert told(await store.evaluators()) == [("quality", 1, "published"), ("quality", 2, "draft")]
    published = await store.publish("quality", now_ns=NOW + 3)
    assert (published.number, published.status, published.published_ns) == (2, "published", NOW + 3)
    assert told(await store.evaluators(all_versions=True)) == [
        ("quality", 1, "archived"),
        ("quality", 2, "published"),
    ]
    assert await store.publish("quality", now_ns=NOW + 9) == published


async def test_jobs_of_the_older_version_stay_judgeable(store: Store) -> None:
    await store.apply([OLD], publish=True, now_ns=NOW)
    await put(store, job(1, version=OLD.version))
    await store.apply([NEW], publish=True, now_ns=NOW)
    (leased,) = await lease(store)
    assert leased.version == OLD.version
    assert await store.version("quality", leased.version) is not None
    assert await finish(store, done(leased)) == 1


async def test_a_pause_of_the_pipeline_ends_by_itself(store: Store) -> None:
    await store.apply([OLD], publish=True, now_ns=NOW)
    paused = await store.pause("quality", reason="no credit", paused_by="pipeline", retry_ns=NOW + 60)
    assert (paused.status, paused.reason, paused.paused_by, paused.retry_ns) == (
        "paused",
        "no credit",
        "pipeline",
        NOW + 60,
    )
    assert await store.evaluators() == [paused]
    await store.resume("quality")
    (back,) = await store.evaluators()
    assert (back.status, back.reason, back.paused_by, back.retry_ns, back.published_ns) == (
        "published",
        "",
        "",
        None,
        NOW,
    )


async def test_a_pause_of_the_user_stays(store: Store) -> None:
    await store.apply([OLD], publish=True, now_ns=NOW)
    await store.pause("quality", reason="I said so", paused_by="user")
    await store.pause("quality", reason="no credit", paused_by="pipeline", retry_ns=NOW)
    await store.resume("quality")
    await store.apply([OLD], publish=True, now_ns=NOW)
    (one,) = await store.evaluators()
    assert (one.status, one.reason, one.paused_by, one.retry_ns) == ("paused", "I said so", "user", None)
    assert (await store.publish("quality", now_ns=NOW + 1)).status == "published"


async def test_a_user_takes_over_a_pause_of_the_pipeline(store: Store) -> None:
    await store.apply([OLD], publish=True, now_ns=NOW)
    await store.pause("quality", reason="no credit", paused_by="pipeline", retry_ns=NOW)
    await store.pause("quality", reason="wait", paused_by="user")
    await store.resume("quality")
    assert (await store.evaluators())[0].status == "paused"


async def test_archiving_skips_what_waits(store: Store) -> None:
    await store.apply([OLD, evaluator("other")], publish=True, now_ns=NOW)
    await put(store, job(1), job(2), job(3, "other"))
    (leased,) = await lease(store, limit=1)
    await store.archive("quality")
    assert await states(store, 1, 2, 3) == {1: "leased", 2: "not_matched", 3: "waiting"}
    assert await finish(store, done(leased)) == 1
    assert numbers(await lease(store, "quality", "other")) == [3]
    assert told(await store.evaluators()) == [("other", 1, "published"), ("quality", 1, "archived")]
    assert (await store.publish("quality", now_ns=NOW)).status == "published"


async def test_what_is_not_there_is_an_error(store: Store) -> None:
    with pytest.raises(UnknownEvaluatorError, match="absent"):
        await store.publish("absent", now_ns=NOW)
    with pytest.raises(UnknownEvaluatorError, match="absent"):
        await store.pause("absent", reason="", paused_by="user")
    with pytest.raises(UnknownEvaluatorError, match="absent"):
        await store.archive("absent")
    await store.resume("absent")
    await store.save_version(OLD, now_ns=NOW)
    with pytest.raises(UnknownEvaluatorError, match="not published"):
        await store.pause("quality", reason="", paused_by="user")
    assert (await store.pause("quality", reason="", paused_by="pipeline")).status == "draft"


async def test_applying_is_all_or_nothing(store: Store) -> None:
    revision = await store.revision()
    broken = evaluator("broken", rubric="half a character \ud83d")
    with pytest.raises((SpanjudgeError, UnicodeEncodeError)):
        await store.apply([OLD, broken], publish=True, now_ns=NOW)
    assert await store.evaluators() == []
    assert await store.revision() == revision


async def test_the_revision_tells_changes_and_nothing_else(store: Store) -> None:
    seen = {await store.revision()}

    async def changed() -> bool:
        before = len(seen)
        seen.add(await store.revision())
        return len(seen) > before

    await store.save_version(OLD, now_ns=NOW)
    assert await changed()
    await store.save_version(OLD, now_ns=NOW)
    await put(store, job(1))
    assert not await changed()
    await store.publish("quality", now_ns=NOW)
    assert await changed()
    await store.publish("quality", now_ns=NOW)
    await store.apply([OLD], publish=True, now_ns=NOW)
    await store.resume("quality")
    assert not await changed()
    await store.pause("quality", reason="", paused_by="pipeline")
    assert await changed()
    await store.resume("quality")
    assert await changed()
    await store.archive("quality")
    assert await changed()
