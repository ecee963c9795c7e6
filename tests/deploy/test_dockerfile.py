"""The Dockerfile, as far as it can be checked without performing it; `check_image` does that by hand."""

import ast
import asyncio
import re
import socket
import sys
from pathlib import Path

import pytest

from spanjudge.cli.main import COMMANDS
from spanjudge.version import __version__
from tests.cli.process import environment, judge_at, serving
from tests.deploy.dockerfile import PROJECT, Context, read
from tests.deploy.files import PYTHON, accepted

BUILD, FINAL = read()


def test_the_base_images_are_pinned_to_one_python() -> None:
    assert BUILD.image == FINAL.image
    found = re.fullmatch(r"python:3\.(\d+)\.\d+-slim-bookworm", FINAL.image)
    assert found is not None
    assert int(found[1]) >= 11


def test_the_final_stage_gets_what_was_built_and_no_tool() -> None:
    copied = [one.rest for one in FINAL.instructions if one.word == "COPY"]
    assert copied[0] == "--from=build /opt/spanjudge /opt/spanjudge"
    (packages,) = [one.rest for one in FINAL.instructions if one.word == "RUN"]
    assert not re.search(r"curl|wget|gcc|git|pip|npm", packages)
    assert "rm -rf /var/lib/apt/lists" in packages


def test_it_runs_as_a_user_with_a_fixed_id_and_gets_the_signals() -> None:
    user, entry, command = FINAL.last("USER"), FINAL.last("ENTRYPOINT"), FINAL.last("CMD")
    assert user is not None
    assert re.fullmatch(r"(\d{4,}):\1", user.rest)
    made = next(one.rest for one in FINAL.instructions if one.word == "RUN")
    assert f"useradd --uid {user.rest.split(':')[0]}" in made
    # The shell's form would be process 1 and keep SIGTERM to itself.
    assert entry is not None
    assert entry.listed() == ["spanjudge"]
    assert command is not None
    (word,) = command.listed() or [""]
    assert word in COMMANDS
    assert FINAL.last("STOPSIGNAL") == ("STOPSIGNAL", "SIGTERM")


def test_the_entry_point_is_the_package_s() -> None:
    text = (PROJECT / "pyproject.toml").read_text(encoding="utf-8")
    assert 'spanjudge = "spanjudge.cli.main:run"' in text


def test_every_file_it_copies_is_there_and_not_left_out() -> None:
    context = Context()
    for stage in (BUILD, FINAL):
        for one in stage.instructions:
            if one.word == "COPY" and not one.rest.startswith("--from"):
                for source in one.rest.split()[:-1]:
                    assert context.files(source)
    ui = context.files("ui")
    assert "package-lock.json" in ui
    assert not [name for name in ui if "node_modules" in name]
    assert not [name for name in context.files("src") if name.startswith("spanjudge/web/")]
    with pytest.raises(FileNotFoundError):
        context.files(".git/HEAD")
    with pytest.raises(FileNotFoundError):
        context.files("tests")


def test_its_pins_are_files_and_hashed() -> None:
    (argument,) = [one for one in BUILD.instructions if one.word == "ARG"]
    assert argument.pairs() == {"PINS": "deploy"}
    named = {"deploy", *re.findall(r"deploy-\w+", (PROJECT / "Dockerfile").read_text(encoding="utf-8"))}
    for name in named:
        lines = (PROJECT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
        assert re.search(r"^sqlalchemy==", lines, re.MULTILINE)
        assert "--hash=sha256:" in lines
    installs = [one.rest for one in BUILD.instructions if "install" in one.rest]
    assert all("--require-hashes" in one or "--no-deps" in one for one in installs)


def test_no_address_of_a_registry_of_packages_stands_in_it() -> None:
    assert "://" not in (PROJECT / "Dockerfile").read_text(encoding="utf-8")


def test_its_variables_are_settings_and_its_ports_the_server_s(tmp_path: Path) -> None:
    env = {
        name: text for one in FINAL.instructions if one.word == "ENV" for name, text in one.pairs().items()
    }
    assert env["PYTHONDONTWRITEBYTECODE"] == "1"
    assert {name for name in env if name not in PYTHON} == {"SPANJUDGE_DATA_DIR"}
    contract = {"O2_JUDGE_PROVIDER": "openai", "O2_JUDGE_API_KEY": "k-0123456789", "O2_JUDGE_MODEL": "m"}
    loaded = accepted({**env, **contract, "O2_JUDGE_AUTH_TOKEN": "t"}, tmp_path)
    exposed = FINAL.last("EXPOSE")
    assert exposed is not None
    assert exposed.rest.split() == [str(loaded.port), str(loaded.grpc_port)]
    volume = FINAL.last("VOLUME")
    assert volume is not None
    assert volume.rest == env["SPANJUDGE_DATA_DIR"] == env["HOME"]


def test_the_label_of_the_version_is_the_version() -> None:
    versions = [one.pairs()["VERSION"] for one in FINAL.instructions if "VERSION" in one.pairs()]
    assert versions == [__version__]


HEALTHCHECK = PROJECT / "deploy" / "healthcheck.py"


async def healthy(env: dict[str, str]) -> tuple[int, str]:
    health = FINAL.last("HEALTHCHECK")
    assert health is not None
    command: list[str] = ast.literal_eval(health.rest.partition("CMD ")[2])
    assert command[0] == "python"
    assert command[-1].endswith(HEALTHCHECK.name)
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command[1:-1], str(HEALTHCHECK), env=env, stdout=asyncio.subprocess.PIPE
    )
    told, _ = await process.communicate()
    return process.returncode or 0, told.decode()


@pytest.mark.parametrize("way", ["contract", "own", "file"])
async def test_the_health_check_finds_the_server_wherever_the_settings_put_it(
    way: str, tmp_path: Path
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    env = environment(tmp_path, judge_at("http://127.0.0.1:9") | {"O2_JUDGE_AUTH_TOKEN": "t"})
    if way == "contract":
        env |= {"O2_JUDGE_PORT": port, "O2_JUDGE_HOST": "127.0.0.1"}
    elif way == "own":
        env["SPANJUDGE_JUDGE_PORT"] = port
    else:
        file = tmp_path / "spanjudge.yaml"
        file.write_text(f"log_level: info\nport: {port} # ours\n", encoding="utf-8")
        env["SPANJUDGE_CONFIG"] = str(file)
    assert (await healthy(env))[0] == 1
    async with serving("--port", port, env=env):
        assert await healthy(env) == (0, "/livez answered 200\n")
    code, told = await healthy(env)
    assert code == 1
    assert told.startswith("no answer")
