"""Fixtures every folder of tests shares."""

from collections.abc import AsyncIterator
from importlib.util import find_spec

import pytest

from tests.mock_judge import MockJudge
from tests.parts import is_required
from tests.postgres import fixtures
from tests.postgres.fixtures import DATABASES
from tests.postgres.server import programs
from tests.processes import network
from tests.ui.chromium import SETTING, chromium

# Databases for every folder.
database_url, postgres_url = fixtures.database_url, fixtures.postgres_url
postgres_server, own_server = fixtures.postgres_server, fixtures.own_server


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


# The host of in-process evaluation needs an older OpenTelemetry and takes the upstream utilities' name: the
# tests of each are for an environment of its own.
collect_ignore = [
    *([] if _is_there("opentelemetry.util.genai.evals") else ["in_host"]),
    *(
        []
        if _is_there("opentelemetry.util.genai.completion_hook")
        else ["in_process/test_upstream_objects.py"]
    ),
    *(["ui"] if chromium() is None and not is_required() else []),
    *(["store/postgres", "processes/test_faults.py"] if programs() is None and not is_required() else []),
    *(
        ["processes/test_partitions.py"]
        if not (network.is_there() and programs()) and not is_required()
        else []
    ),
]


def pytest_report_header() -> list[str]:
    said: list[str] = []
    if "ui" in collect_ignore:
        said.append(
            f"NOT RUN: the tests of the pages, as there is no Chromium (install it, or set {SETTING})"
        )
    if "postgres" not in DATABASES:
        said.append(
            f"NOT RUN: the tests on PostgreSQL, as there is none (install it, or set {fixtures.SETTING})"
        )
    elif "store/postgres" in collect_ignore:
        said.append("NOT RUN: the tests that stop and start PostgreSQL, as its programs are not installed")
    if "processes/test_partitions.py" in collect_ignore:
        said.append(
            "NOT RUN: the tests of a network that is cut, which need root, PostgreSQL and Debian's iproute2"
        )
    return said


@pytest.fixture
async def mock_judge() -> AsyncIterator[MockJudge]:
    async with MockJudge() as judge:
        yield judge
