"""There is no room on the disk, and then there is again."""

import time
from pathlib import Path

from spanjudge.store.store import open_store
from tests.faults.child import Child, fill_the_disk, letters
from tests.pipeline.live import path, question, target


async def test_a_full_disk_refuses_loses_nothing_and_recovers_by_itself(tmp_path: Path) -> None:
    store = await open_store(path(tmp_path))
    await store.apply([question("polite")], publish=True, now_ns=time.time_ns())
    await store.aclose()
    child = Child(fill_the_disk, str(tmp_path))
    full = await child.told()
    assert full["refused"] > 0
    assert "spanjudge.db" in full["words"]
    assert full["done"] == {}
    after = await child.told()
    child.process.join()
    assert after["refused"] == 0
    acknowledged = after["acknowledged"]
    assert after["done"] == {"done": len(acknowledged)}
    store = await open_store(path(tmp_path))
    targets = [target(number) for number in acknowledged]
    assert len(await store.material(targets, most_spans=1)) == len(acknowledged)
    results = await store.results_of(targets)
    assert len(results) == len(acknowledged)
    assert {one.id for one in results} <= set(letters(tmp_path))
    await store.aclose()
