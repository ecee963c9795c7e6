"""The command line: it teaches, it is quick, and a mistake is one clear line."""

from pathlib import Path

import pytest

from spanjudge.cli.main import COMMANDS, run
from spanjudge.version import __version__
from tests.cli.process import environment, spanjudge


async def test_help_lists_every_command_and_each_has_an_example(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = await spanjudge("--help", env=environment(tmp_path))
    assert code == 0
    assert all(f"  {name}" in out for name in COMMANDS)
    for name in COMMANDS:
        with pytest.raises(SystemExit) as left:
            run([name, "--help"])
        assert left.value.code == 0
        assert "Example:" in capsys.readouterr().out, name


async def test_the_version_is_told_without_importing_the_server(tmp_path: Path) -> None:
    code, out, _ = await spanjudge("--version", env=environment(tmp_path))
    assert (code, out) == (0, f"spanjudge {__version__}\n")


@pytest.mark.parametrize(
    ("arguments", "changes", "told"),
    [
        (("bogus",), {}, "No such command 'bogus'"),
        (("serve", "--port", "x"), {}, "--port"),
        (("serve",), {}, "O2_JUDGE_PROVIDER is not set"),
        (("serve",), {"O2_JUDGE_PROVIDER": "scripted", "O2_JUDGE_PORT": "99999"}, "O2_JUDGE_PORT='99999'"),
        (("check",), {"O2_JUDGE_PROVIDER": "openai", "O2_JUDGE_MODEL": "m"}, "O2_JUDGE_API_KEY is not set"),
        (
            ("openobserve-export", "out", "--endpoint", "nonsense"),
            {},
            "--endpoint nonsense: expected an address",
        ),
    ],
)
async def test_a_mistake_is_a_clear_message_and_exit_code_2(
    arguments: tuple[str, ...], changes: dict[str, str], told: str, tmp_path: Path
) -> None:
    code, _, err = await spanjudge(*arguments, env=environment(tmp_path, changes))
    assert code == 2
    assert told in err
    assert "Traceback" not in err


async def test_debug_shows_where(tmp_path: Path) -> None:
    code, _, err = await spanjudge("serve", "--debug", env=environment(tmp_path))
    assert code == 1
    assert "Traceback" in err
    assert "O2_JUDGE_PROVIDER is not set" in err


async def test_config_shows_values_origins_and_no_secrets(tmp_path: Path) -> None:
    file = tmp_path / "spanjudge.yaml"
    file.write_text("port: 1234\njudges: {b: {provider: ollama, model: m}}\n", encoding="utf-8")
    settings = {"O2_JUDGE_PROVIDER": "openai", "O2_JUDGE_MODEL": "m", "O2_JUDGE_API_KEY": "sk-secret-1"}
    env = environment(
        tmp_path, settings | {"SPANJUDGE_CONFIG": str(file), "O2_JUDGE_AUTH_TOKEN": "tok-secret"}
    )
    code, out, err = await spanjudge("config", env=env)
    assert (code, err) == (0, "")
    rows = {line.split()[0]: line.split()[1:] for line in out.splitlines() if line and line[0] != "#"}
    assert rows["port"] == ["1234", f"{file}:1"]
    assert rows["judge.model"] == ["m", "environment", "O2_JUDGE_MODEL"]
    assert rows["judges.b.provider"] == ["ollama", f"{file}:2"]
    assert rows["judge.api_key"][0] == rows["auth_tokens"][0] == "(hidden)"
    assert "secret" not in out


async def test_config_tells_what_would_stop_the_start(tmp_path: Path) -> None:
    code, out, err = await spanjudge("config", env=environment(tmp_path, {"O2_JUDGE_PORT": "x"}))
    assert code == 2
    assert "host" in out
    assert "O2_JUDGE_PORT='x'" in err


async def test_models_lists_what_the_embedded_judge_knows(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    code, out, _ = await spanjudge("models", "list", env=environment(tmp_path))
    assert code == 0
    assert "qwen2.5-coder-1.5b (the default)" in out
    assert "spanjudge models fetch" in out


async def test_openobserve_files_have_a_placeholder_unless_a_token_is_given(tmp_path: Path) -> None:
    env = environment(tmp_path, {"O2_JUDGE_AUTH_TOKEN": "tok-of-the-server"})
    arguments = ("--endpoint", "https://spanjudge.example.com")
    code, out, _ = await spanjudge("openobserve-export", str(tmp_path / "a"), *arguments, env=env)
    assert code == 0
    assert "16 files for 8 evaluators" in out
    text = "".join(file.read_text(encoding="utf-8") for file in (tmp_path / "a").rglob("*.json"))
    assert text.count("PUT-A-TOKEN-OF-SPANJUDGE-HERE") == 8
    assert '"https://spanjudge.example.com/evaluate"' in text
    assert "tok-of-the-server" not in text
    given = ("--token", "tok-given")
    await spanjudge("openobserve-export", str(tmp_path / "b"), *arguments, *given, env=env)
    scorer = tmp_path / "b" / "scorers" / "toxicity.json"
    assert "tok-given" in scorer.read_text(encoding="utf-8")
    assert scorer.stat().st_mode & 0o077 == 0
