"""What snippets are made of, and the files that are ready for OpenObserve."""

import io
import json
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from spanjudge.remote_scorer.export import PLACEHOLDER
from tests.mock_judge import MockJudge
from tests.server.rest.calling import BEARER, Reply, ask
from tests.server.rest.trying import Trying, trying
from tests.ui.site import span


@pytest.fixture
async def server(tmp_path: Path, mock_judge: MockJudge) -> AsyncIterator[Trying]:
    async with trying(tmp_path, mock_judge) as server:
        yield server


def files(reply: Reply) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(reply.body)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


async def test_the_first_span_is_told(server: Trying) -> None:
    before = (await ask(server.url, "GET", "/setup", headers=BEARER)).fields
    assert before["http"] == server.url.removesuffix("/api/v1")
    assert (before["received"], before["last_received"]) == (0, None)
    assert before["judge"] == "openai gpt-4o-mini"
    assert "toxicity" in before["scorers"]
    address = server.url.removesuffix("/api/v1")
    sent = await ask(
        address, "POST", "/v1/traces", span(service="travel-desk", start_s=1_790_000_000), BEARER
    )
    assert sent.status == 200
    after = (await ask(server.url, "GET", "/setup", headers=BEARER)).fields
    assert (after["received"], after["last_service"]) == (1, "travel-desk")
    assert after["last_received"].endswith("Z")


@pytest.mark.parametrize(
    ("headers", "address"),
    [
        ({"Host": "judge.example"}, "http://judge.example"),
        ({"Host": "judge.example", "X-Forwarded-Proto": "https"}, "https://judge.example"),
        ({"X-Forwarded-Host": "judge.example:8443"}, "http://judge.example:8443"),
        ({"Host": "[::1]:5080"}, "http://[::1]:5080"),
    ],
)
async def test_addresses_are_as_the_client_sees_them(
    headers: dict[str, str], address: str, server: Trying
) -> None:
    reply = await ask(server.url, "GET", "/setup", headers={**BEARER, **headers})
    assert reply.fields["http"] == address


@pytest.mark.parametrize("host", ["a b", "x'; curl evil", 'judge"', "$(id)", "a/b", "a@b", "a:99:9"])
async def test_a_host_that_is_none_comes_into_no_snippet(host: str, server: Trying) -> None:
    reply = await ask(server.url, "GET", "/setup", headers={**BEARER, "Host": host})
    assert reply.fields["http"] == server.url.removesuffix("/api/v1")


async def test_the_files_for_openobserve_are_ready(server: Trying) -> None:
    reply = await ask(server.url, "GET", "/setup/openobserve", headers=BEARER)
    assert reply.headers["Content-Type"] == "application/zip"
    assert "spanjudge-openobserve.zip" in reply.headers["Content-Disposition"]
    found = files(reply)
    assert len(found) == 16
    params = json.loads(found["openobserve/scorers/toxicity.json"])["scorer"]["params"]
    assert params["endpoint"] == f"{server.url.removesuffix('/api/v1')}/evaluate"
    assert params["auth"]["token"] == PLACEHOLDER
    assert json.loads(found["openobserve/score-configs/toxicity.json"])["name"] == "toxicity"


async def test_with_a_token_in_them_they_work_as_they_are(server: Trying) -> None:
    reply = await ask(server.url, "POST", "/setup/openobserve", headers=BEARER)
    assert reply.status == 200
    params = json.loads(files(reply)["openobserve/scorers/toxicity.json"])["scorer"]["params"]
    body = {"scorer_name": "toxicity", "output": "Good morning."}
    own = {"Authorization": f"Bearer {params['auth']['token']}"}
    address = params["endpoint"].removesuffix("/evaluate")
    assert (await ask(address, "POST", "/evaluate", body, own)).status == 200
    rows = (await ask(server.url, "GET", "/tokens", headers=BEARER)).fields["items"]
    assert [(row["name"], row["scopes"]) for row in rows] == [("OpenObserve", ["score"])]
