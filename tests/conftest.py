"""Fixtures every folder of tests shares."""

from collections.abc import AsyncIterator
from importlib.util import find_spec

import pytest

from tests.mock_judge import MockJudge
from tests.ui.chromium import SETTING, chromium, is_required


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
]


def pytest_report_header() -> list[str]:
    if "ui" not in collect_ignore:
        return []
    return [f"NOT RUN: the tests of the pages, as there is no Chromium (install it, or set {SETTING})"]


@pytest.fixture
async def mock_judge() -> AsyncIterator[MockJudge]:
    async with MockJudge() as judge:
        yield judge
