"""The file of tokens that were issued: what it holds, who may read it, and what happens to a damaged one."""

import hashlib
import threading
from pathlib import Path

import pytest

from spanjudge.errors import SettingsError
from spanjudge.secret_files import TokenFile
from spanjudge.server.issued_tokens import IssuedTokens

NOW = 1_790_000_000_000_000_000
DAY = 86_400 * 1_000_000_000


def bearer(token: str) -> list[tuple[bytes, bytes]]:
    return [(b"authorization", f"Bearer {token}".encode())]


def test_only_hashes_are_kept_for_the_owner_alone(tmp_path: Path) -> None:
    file = IssuedTokens(tmp_path / "new" / "tokens")
    token, grant = file.make(("read", "score"), now_ns=NOW, name=" the  dash\nboard ", expires_ns=NOW + DAY)
    assert len(token) >= 43
    text = file.path.read_text(encoding="utf-8")
    assert token not in text
    assert hashlib.sha256(token.encode()).hexdigest() in text
    assert text.splitlines()[1].endswith(
        " score,read 2026-09-21T14:13:20Z 2026-09-22T14:13:20Z the dash board"
    )
    assert file.path.stat().st_mode & 0o777 == 0o600
    assert file.read() == [grant]
    assert grant.name == "the dash board"


def test_a_line_written_by_hand_is_read(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    digest = hashlib.sha256(b"by hand").hexdigest()
    path.write_text(f"# mine\n\nabcd sha256:{digest} ingest 2026-01-01T00:00:00Z -\n", encoding="utf-8")
    (grant,) = IssuedTokens(path).read()
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
def test_a_damaged_line_is_told_by_its_number_and_never_overwritten(line: str, tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    path.write_text(f"# first\n{line}\n", encoding="utf-8")
    file = IssuedTokens(path)
    with pytest.raises(SettingsError, match=f"{path}:2: expected ID"):
        file.read()
    with pytest.raises(SettingsError, match=f"{path}:2: expected ID"):
        file.make(("read",), now_ns=NOW)
    assert path.read_text(encoding="utf-8") == f"# first\n{line}\n"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="no file of tokens"):
        file.read()


def test_many_who_write_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    kept = [IssuedTokens(path).make(("read",), now_ns=NOW)[1].id for _ in range(5)]

    def work(own: str) -> None:
        for _ in range(5):
            IssuedTokens(path).make(("ingest",), now_ns=NOW)
        assert IssuedTokens(path).revoke(own)

    threads = [threading.Thread(target=work, args=(own,)) for own in kept]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    grants = IssuedTokens(path).read()
    assert len(grants) == 25
    assert not {grant.id for grant in grants} & set(kept)
    assert not IssuedTokens(path).revoke(kept[0])
    assert sorted(file.name for file in tmp_path.iterdir()) == ["tokens", "tokens.lock"]


def test_a_running_server_follows_the_file(tmp_path: Path) -> None:
    file = IssuedTokens(tmp_path / "tokens")
    first, grant = file.make(("read",), now_ns=NOW)
    tokens = TokenFile(None, ("fixed",), file)
    assert tokens.tokens.allows(bearer(first), "read")
    assert not tokens.tokens.allows(bearer(first), "admin")
    second, _ = file.make(("admin",), now_ns=NOW)
    tokens.look()
    assert tokens.tokens.allows(bearer(second), "ingest")
    file.revoke(grant.id)
    tokens.look()
    assert not tokens.tokens.accepts(bearer(first))
    file.path.write_text("damaged\n", encoding="utf-8")
    tokens.look()
    assert tokens.tokens.accepts(bearer(second))
    file.path.unlink()
    tokens.look()
    assert not tokens.tokens.accepts(bearer(second))
    assert tokens.tokens.accepts(bearer("fixed"))


def test_the_last_token_that_is_revoked_opens_nothing_any_more(tmp_path: Path) -> None:
    file = IssuedTokens(tmp_path / "tokens")
    token, grant = file.make(("admin",), now_ns=NOW)
    tokens = TokenFile(None, (), file)
    file.revoke(grant.id)
    tokens.look()
    assert not tokens.tokens.accepts(bearer(token))
    with pytest.raises(SettingsError, match="no token"):
        TokenFile(None, (), file)


def test_a_token_is_good_until_it_expires(tmp_path: Path) -> None:
    file = IssuedTokens(tmp_path / "tokens")
    over, _ = file.make(("admin",), now_ns=NOW, expires_ns=1_000_000_000)
    good, _ = file.make(("admin",), now_ns=NOW, expires_ns=4_000_000_000_000_000_000)
    tokens = TokenFile(None, (), file).tokens
    assert not tokens.accepts(bearer(over))
    assert tokens.known(over) is None
    assert tokens.accepts(bearer(good))
    assert len(tokens.live()) == 1


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="SPANJUDGE_TOKENS_FILE"):
        IssuedTokens(tmp_path / "file" / "tokens").make(("read",), now_ns=NOW)
