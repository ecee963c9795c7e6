"""The fence key survives restarts; tokens change while the server runs."""

import logging
import os
from pathlib import Path

import pytest

from spanjudge.errors import SettingsError
from spanjudge.secret_files import TokenFile, fence_key


def bearer(token: str) -> list[tuple[bytes, bytes]]:
    return [(b"authorization", f"Bearer {token}".encode())]


def test_the_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "data"
    first = fence_key(None, folder, must_keep=True)
    assert len(first) == 32
    assert fence_key(None, folder, must_keep=True) == first
    assert (folder / "secret").stat().st_mode & 0o777 == 0o600
    assert [file.name for file in folder.iterdir()] == ["secret"]


def test_a_key_of_the_settings_is_the_same_everywhere(tmp_path: Path) -> None:
    key = fence_key("a-secret-of-all-processes", tmp_path, must_keep=True)
    assert key == fence_key("a-secret-of-all-processes", Path("/nowhere"), must_keep=True)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_used_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="SPANJUDGE_DATA_DIR"):
        fence_key(None, tmp_path / "file" / "data", must_keep=True)
    with caplog.at_level(logging.WARNING, "spanjudge"):
        first = fence_key(None, tmp_path / "file" / "data", must_keep=False)
    assert first != fence_key(None, tmp_path / "file" / "data", must_keep=False)
    assert "lasts for this process only" in caplog.text


def test_a_damaged_key_is_told(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("abc", encoding="utf-8")
    with pytest.raises(SettingsError, match="delete it"):
        fence_key(None, tmp_path, must_keep=True)


async def test_a_changed_token_file_is_noticed(tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    file.write_text("first\n\n# a comment\nsecond # who\n", encoding="utf-8")
    tokens = TokenFile(file, ("fixed",))
    for token in ("first", "second", "fixed"):
        assert tokens.tokens.accepts(bearer(token))
    other = tmp_path / "other"
    other.write_text("third\n", encoding="utf-8")
    os.replace(other, file)  # noqa: PTH105 - as a container platform changes a mounted secret
    await tokens.look()
    assert tokens.tokens.accepts(bearer("third"))
    assert tokens.tokens.accepts(bearer("fixed"))
    assert not tokens.tokens.accepts(bearer("first"))
    file.unlink()
    await tokens.look()
    assert tokens.tokens.accepts(bearer("third"))


@pytest.mark.parametrize("content", ["", "# nothing\n"])
def test_no_token_at_all_stops_the_start(content: str, tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError, match="holds no token"):
        TokenFile(file, ())
