"""`spanjudge tokens`: made, listed and revoked while a server runs."""

from pathlib import Path

import pytest

from spanjudge.cli.main import run


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPANJUDGE_DATA_DIR", str(tmp_path))


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[str, str]:
    with pytest.raises(SystemExit) as ended:
        run(["tokens", *arguments])
    assert ended.value.code == 0
    return capsys.readouterr()


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as ended:
        run(["tokens", *arguments])
    assert ended.value.code == 2
    return capsys.readouterr().err


def test_a_token_is_made_listed_and_revoked(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert "No tokens in" in told(capsys, "list")[0]
    out, err = told(
        capsys, "new", "--scope", "score", "--scope", "read", "--name", "dash", "--expires", "90d"
    )
    token = out.strip()
    assert len(token) >= 43
    assert "Shown this once" in err
    listed = told(capsys, "list")[0].splitlines()
    assert listed[0].split() == ["id", "scopes", "made", "(UTC)", "ends", "(UTC)", "name"]
    assert "score, read" in listed[1]
    assert listed[1].endswith("dash")
    token_id = listed[1].split()[0]
    assert token_id in err
    kept = (tmp_path / "issued_tokens").read_text(encoding="utf-8")
    assert token not in kept
    assert "is revoked" in told(capsys, "revoke", token_id)[0]
    assert "No tokens in" in told(capsys, "list")[0]


def test_on_a_server_s_store_they_are_in_the_database(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    postgres_url: str,
) -> None:
    monkeypatch.setenv("SPANJUDGE_DATABASE_URL", postgres_url)
    assert "No tokens in the database" in told(capsys, "list")[0]
    token = told(capsys, "new", "--name", "collector")[0].strip()
    assert len(token) >= 43
    monkeypatch.setenv("SPANJUDGE_DATA_DIR", str(tmp_path / "elsewhere"))
    listed = told(capsys, "list")[0].splitlines()
    assert listed[1].endswith("collector")
    assert "is revoked" in told(capsys, "revoke", listed[1].split()[0])[0]
    assert "No tokens in the database" in told(capsys, "list")[0]
    assert not (tmp_path / "issued_tokens").exists()


def test_without_a_scope_it_may_send_spans_alone(capsys: pytest.CaptureFixture[str]) -> None:
    told(capsys, "new")
    assert told(capsys, "list")[0].splitlines()[1].split()[1] == "ingest"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("new", "--scope", "write"), "--scope write: there is no such scope; there are score, ingest, read"),
        (("new", "--expires", "soon"), "--expires soon: expected a time such as 12h"),
        (("new", "--expires", "0d"), "--expires 0d"),
        (("revoke", "abcd"), "abcd: there is no token of this id"),
    ],
)
def test_what_is_wrong_is_told_with_the_fix(
    arguments: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert words in refused(capsys, *arguments)
    assert not (tmp_path / "issued_tokens").exists()
