"""Whatever is sent, the REST API answers as its OpenAPI document says, and never with a 500.

Requests are made up from the document by schemathesis, good ones and bad ones, against a whole server with
spans, results and evaluators in its store.
"""

import asyncio
import importlib
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.core.failures import FailureGroup

from tests.ui.site import TOKEN, Site, open_site, span

API = "/api/v1"
ENDLESS = f"{API}/events"
"""A stream that only ends with its reader."""

EXAMPLES = 5
BEARER = {"Authorization": f"Bearer {TOKEN}"}
EVALUATOR = {
    "name": "on_topic",
    "target": "span",
    "needs": ["input", "output"],
    "rubric": "true when the answer is about the question, else false.",
    "answer": {"type": "boolean"},
    "acceptance": {"pass_when": True},
}
# Half typed: what schemathesis gives is taken as it is.
SCHEMATHESIS: Any = importlib.import_module("schemathesis")
OPENAPI: Any = importlib.import_module("schemathesis.specs.openapi.checks")
CHECKS: tuple[Any, ...] = (
    SCHEMATHESIS.checks.not_a_server_error,
    OPENAPI.status_code_conformance,
    OPENAPI.content_type_conformance,
    OPENAPI.response_headers_conformance,
    OPENAPI.response_schema_conformance,
)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with open_site(tmp_path) as site:
        yield site


async def fill(site: Site) -> dict[str, str]:
    """Some of everything; gives what the parameters of paths can be called."""
    await site.publish(EVALUATOR)
    for number in range(1, 5):
        await site.send(span(number, start_s=1_790_000_000 + number))
    judged = await site.judged(4)
    return {
        "name": "on_topic",
        "trace_id": f"{1:032x}",
        "span_id": f"{1:016x}",
        "id": str(judged[0]["id"]),
        "result_id": str(judged[0]["id"]),
    }


async def test_what_is_made_up_from_the_document_is_answered_as_it_says(site: Site) -> None:
    known = await fill(site)
    found = await asyncio.to_thread(tried, site.address, known)
    assert not found, "\n\n".join(found)


def tried(address: str, known: Mapping[str, str]) -> list[str]:
    """What is wrong, by operation. One bad answer of each is enough."""
    schema = SCHEMATHESIS.openapi.from_url(f"{address}/openapi.json")
    wrong: list[str] = []
    with requests.Session() as session:
        session.headers.update(BEARER)
        count = 0
        for result in schema.get_all_operations():
            operation = result.ok()
            if not operation.path.startswith(API) or operation.path == ENDLESS:
                continue
            count += 1
            wrong += _tried(operation, session, address, known)
    assert count > 3
    return wrong


def _tried(operation: Any, session: requests.Session, address: str, known: Mapping[str, str]) -> list[str]:
    good = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    bad = operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=[
            HealthCheck.too_slow,
            HealthCheck.filter_too_much,
            HealthCheck.data_too_large,
            HealthCheck.large_base_example,
        ],
    )
    @given(case=st.one_of(good, bad), real=st.booleans())
    def answered(case: Any, real: bool) -> None:  # noqa: FBT001  # hypothesis gives it by name
        if real and case.path_parameters:
            case.path_parameters = {
                name: known.get(name, value) for name, value in case.path_parameters.items()
            }
        case.call_and_validate(base_url=address, session=session, checks=CHECKS)

    try:
        answered()
    except (Exception, FailureGroup) as error:  # noqa: BLE001  # each operation is tried, then all is told
        return [f"{operation.label}: {error}"]
    return []
