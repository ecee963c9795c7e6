from spanjudge.exporters.in_memory import InMemoryExporter
from tests.exporters.outcomes import category, evaluated, many


async def test_a_result_that_comes_again_is_there_once() -> None:
    exporter = InMemoryExporter()
    first, second = many(2)
    again = evaluated(category(explanation="once more"), id=first.id)
    await exporter.export([first, second])
    await exporter.export([again])
    assert exporter.results == (again, second)
    exporter.clear()
    assert exporter.results == ()
