"""The process forks while its queue is at work."""

from tests.faults.in_process_programs import run
from tests.mock_judge import MockJudge
from tests.mock_judge.behaviour import slow


async def test_each_process_evaluates_its_own_once(mock_judge: MockJudge) -> None:
    mock_judge.always(slow(0.02))
    ended = await run("forks", mock_judge)
    assert ended.code == 0
    assert ended.evaluated == {"before": 20, "child": 10, "parent": 10, "after": 10}
    assert len(mock_judge.requests) == 50
    by = ended.processes
    assert by["before"] == by["parent"] == by["after"]
    assert by["child"].isdisjoint(by["parent"])
    assert "child 0" in ended.lines


async def test_a_child_leaves_connections_alone_that_the_parent_is_opening(mock_judge: MockJudge) -> None:
    ended = await run("forks_while_it_connects", mock_judge, "-W", "ignore::DeprecationWarning")
    assert (ended.code, ended.err) == (0, "")
    assert ended.evaluated == {"parent": 5, "child": 5}
    assert "child 0" in ended.lines


async def test_workers_of_a_prefork_server_and_their_parent(mock_judge: MockJudge) -> None:
    mock_judge.always(slow(0.02))
    ended = await run("is_preforked", mock_judge)
    assert ended.code == 0
    workers = {f"worker{number}": 10 for number in range(4)}
    parents = {f"parent{number}": 5 for number in range(4)}
    assert ended.evaluated == workers | parents | {"warm": 1, "parent-later": 5}
    assert len(mock_judge.requests) == 66
    assert all(len(processes) == 1 for processes in ended.processes.values())
    assert len({process for name in workers for process in ended.processes[name]}) == 4
    assert ended.lines.count("served 10") == ended.lines.count("worker 0") == 4


async def test_a_child_of_multiprocessing_drains_before_it_ends(mock_judge: MockJudge) -> None:
    mock_judge.always(slow(0.02))
    ended = await run("forks_by_multiprocessing", mock_judge)
    assert ended.code == 0
    assert ended.evaluated == {"parent": 5, "child": 5}
    assert "child 0" in ended.lines
    assert ended.processes["parent"].isdisjoint(ended.processes["child"])


async def test_no_child_finds_a_lock_held_by_work_on_the_loop(mock_judge: MockJudge) -> None:
    ended = await run("forks_while_locks_are_held", mock_judge)
    assert ended.lines == ["free 50"]


async def test_a_childs_queue_size_begins_at_nought(mock_judge: MockJudge) -> None:
    ended = await run("forks_with_a_meter", mock_judge)
    assert ended.lines == ["parent 7", "child 2 3", "parent 7 7"]
