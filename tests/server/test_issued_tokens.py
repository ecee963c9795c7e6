"""Tokens that were issued, in a file and in the store: what is kept, who may read it, and damaged files."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from spanjudge.errors import SettingsError
from spanjudge.pipeline.coordination import KeptToken
from spanjudge.pipeline.ports import StoreError
from spanjudge.secret_files import open_tokens
from spanjudge.server.file_tokens import FileTokens
from spanjudge.server.issued_tokens import IssuedTokens, StoredTokens
from spanjudge.store.store import open_store
from tests.postgres.fixtures import DATABASES

NOW = 1_790_000_000_000_000_000
DAY = 86_400 * 1_000_000_000


def bearer(token: str) -> list[tuple[bytes, bytes]]:
    return [(b"authorization", f"Bearer {token}".encode())]


@pytest.fixture(params=["file", *DATABASES])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str | None:
    """None: in a file."""
    if request.param == "postgres":
        return request.getfixturevalue("postgres_url")
    return f"sqlite:///{tmp_path / 'store.db'}" if request.param == "sqlite" else None


@pytest.fixture
async def issued(store_url: str | None, tmp_path: Path) -> AsyncIterator[IssuedTokens]:
    if store_url is None:
        yield FileTokens(tmp_path / "tokens")
        return
    store = await open_store(store_url)
    yield StoredTokens(store.coordination)
    await store.aclose()


async def test_only_hashes_are_kept_for_the_owner_alone(tmp_path: Path) -> None:
    file = FileTokens(tmp_path / "new" / "tokens")
    token, grant = await file.make(
        ("read", "score"), now_ns=NOW, name=" the  dash\nboard ", expires_ns=NOW + DAY
    )
    assert len(token) >= 43
    text = file.path.read_text(encoding="utf-8")
    assert token not in text
    assert hashlib.sha256(token.encode()).hexdigest() in text
    assert text.splitlines()[1].endswith(
        " score,read 2026-09-21T14:13:20Z 2026-09-22T14:13:20Z the dash board"
    )
    assert file.path.stat().st_mode & 0o777 == 0o600
    assert await file.read() == [grant]
    assert grant.name == "the dash board"


async def test_a_line_written_by_hand_is_read(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    digest = hashlib.sha256(b"by hand").hexdigest()
    path.write_text(f"# mine\n\nabcd sha256:{digest} ingest 2026-01-01T00:00:00Z -\n", encoding="utf-8")
    (grant,) = await FileTokens(path).read()
    assert (grant.id, grant.scopes, grant.name, grant.expires_ns) == ("abcd", {"ingest"}, "", None)


@pytest.mark.parametrize(
    "line",
    [
        "a-plain-token",
        "abcd sha256:12 ingest 2026-01-01T00:00:00Z -",
        f"abcd sha256:{'z' * 64} ingest 2026-01-01T00:00:00Z -",
        f"abcd sha256:{'0' * 64} everything 2026-01-01T00:00:00Z -",
        f"abcd sha256:{'0' * 64} ingest yesterday -",
        f"abcd sha256:{'0' * 64} ingest 2026-01-01T00:00:00 -",
        f"a.b.c sha256:{'0' * 64} ingest 2026-01-01T00:00:00Z -",
    ],
)
async def test_a_damaged_line_is_told_by_its_number_and_never_overwritten(line: str, tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    path.write_text(f"# first\n{line}\n", encoding="utf-8")
    file = FileTokens(path)
    with pytest.raises(SettingsError, match=f"{path}:2: expected ID"):
        await file.read()
    with pytest.raises(SettingsError, match=f"{path}:2: expected ID"):
        await file.make(("read",), now_ns=NOW)
    assert path.read_text(encoding="utf-8") == f"# first\n{line}\n"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="no file of tokens"):
        await file.read()


async def test_many_who_write_lose_nothing(issued: IssuedTokens, tmp_path: Path) -> None:
    kept = [(await issued.make(("read",), now_ns=NOW))[1].id for _ in range(5)]

    async def work(own: str) -> None:
        for _ in range(5):
            await issued.make(("ingest",), now_ns=NOW)
        assert await issued.revoke(own)

    await asyncio.gather(*(work(own) for own in kept))
    grants = await issued.read()
    assert len(grants) == 25
    assert not {grant.id for grant in grants} & set(kept)
    assert not await issued.revoke(kept[0])
    if issued.file is not None:
        assert sorted(await asyncio.to_thread(os.listdir, tmp_path)) == ["tokens", "tokens.lock"]


async def test_what_was_made_is_read_again(issued: IssuedTokens) -> None:
    ends = NOW + DAY
    first, one = await issued.make(
        ("read", "score"), now_ns=NOW, name=" two\nwords \ud83d\x00", expires_ns=ends
    )
    second, other = await issued.make(("admin",), now_ns=NOW + DAY)
    assert first != second
    assert await issued.read() == [one, other]
    assert (one.scopes, one.expires_ns, other.expires_ns) == ({"read", "score"}, ends, None)
    assert one.digest == hashlib.sha256(first.encode()).digest()
    assert not await issued.revoke("nobody's \x00\ud83d")
    assert await issued.read() == [one, other]


async def test_a_running_server_follows(issued: IssuedTokens) -> None:
    first, grant = await issued.make(("read",), now_ns=NOW)
    tokens = await open_tokens(None, ("fixed",), issued)
    assert tokens.tokens.allows(bearer(first), "read")
    assert not tokens.tokens.allows(bearer(first), "admin")
    second, _ = await issued.make(("admin",), now_ns=NOW)
    await tokens.look()
    assert tokens.tokens.allows(bearer(second), "ingest")
    await issued.revoke(grant.id)
    await tokens.look()
    assert not tokens.tokens.accepts(bearer(first))
    assert tokens.tokens.accepts(bearer("fixed"))


async def test_while_the_store_is_gone_its_tokens_stay_good(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    store = await open_store(database_url)
    issued = StoredTokens(store.coordination)
    token, _ = await issued.make(("read",), now_ns=NOW)
    tokens = await open_tokens(None, (), issued)
    await store.aclose()
    for _ in range(3):
        await tokens.look()
    assert tokens.tokens.accepts(bearer(token))
    told = [one for one in caplog.records if "could not be read again" in one.message]
    assert len(told) == 1
    with pytest.raises(StoreError):
        await issued.make(("read",), now_ns=NOW)


async def test_a_scope_of_a_newer_version_opens_nothing(database_url: str) -> None:
    store = await open_store(database_url)
    digest = hashlib.sha256(b"newer").digest()
    await store.coordination.keep_token(
        KeptToken(id="abcd", digest=digest, scopes="read,dance", name="", created_ns=NOW, expires_ns=None)
    )
    (grant,) = await StoredTokens(store.coordination).read()
    assert grant.scopes == {"read"}
    await store.aclose()


async def test_a_damaged_file_changes_nothing_and_a_file_that_is_gone_opens_nothing(tmp_path: Path) -> None:
    file = FileTokens(tmp_path / "tokens")
    token, _ = await file.make(("admin",), now_ns=NOW)
    tokens = await open_tokens(None, ("fixed",), file)
    file.path.write_text("damaged\n", encoding="utf-8")
    await tokens.look()
    assert tokens.tokens.accepts(bearer(token))
    file.path.unlink()
    await tokens.look()
    assert not tokens.tokens.accepts(bearer(token))
    assert tokens.tokens.accepts(bearer("fixed"))


async def test_the_last_token_that_is_revoked_opens_nothing_any_more(issued: IssuedTokens) -> None:
    token, grant = await issued.make(("admin",), now_ns=NOW)
    tokens = await open_tokens(None, (), issued)
    await issued.revoke(grant.id)
    await tokens.look()
    assert not tokens.tokens.accepts(bearer(token))
    with pytest.raises(SettingsError, match="no token"):
        await open_tokens(None, (), issued)


async def test_a_token_is_good_until_it_expires(issued: IssuedTokens) -> None:
    over, _ = await issued.make(("admin",), now_ns=NOW, expires_ns=1_000_000_000)
    good, _ = await issued.make(("admin",), now_ns=NOW, expires_ns=4_000_000_000_000_000_000)
    tokens = (await open_tokens(None, (), issued)).tokens
    assert not tokens.accepts(bearer(over))
    assert tokens.known(over) is None
    assert tokens.accepts(bearer(good))
    assert len(tokens.live()) == 1


async def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="SPANJUDGE_TOKENS_FILE"):
        await FileTokens(tmp_path / "file" / "tokens").make(("read",), now_ns=NOW)


async def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "tokens").mkdir()
    with pytest.raises(SettingsError, match="it cannot be read"):
        await open_tokens(None, ("fixed",), FileTokens(tmp_path / "tokens"))
