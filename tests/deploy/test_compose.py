"""compose.yaml: every process's environment is one the server takes, everything is held tight."""

import re
from pathlib import Path
from typing import Any

import pytest

from spanjudge.app.server import DRAIN_SECONDS
from tests.deploy.dockerfile import PROJECT, read
from tests.deploy.files import accepted, documents, strings

(COMPOSE,) = documents(PROJECT / "compose.yaml")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("spanjudge", "receiver", "worker", "api")
SECRETS = {
    "O2_JUDGE_AUTH_TOKEN": "a-token-of-the-test",
    "O2_JUDGE_PROVIDER": "ollama",
    "POSTGRES_PASSWORD": "p@ss/w:rd",
}
DOT_ENV = {"O2_JUDGE_MODEL": "qwen3:8b"}
_REFERENCE = re.compile(r"\$\{(\w+)(?:(:?[-?])((?:[^{}]|\$\{\w+\})*))?\}")

SERVICE_KEYS = frozenset(
    {
        *("image", "build", "user", "environment", "env_file", "ports", "networks", "profiles", "deploy"),
        *("volumes", "tmpfs", "shm_size", "command", "entrypoint", "restart", "stop_grace_period"),
        *("read_only", "cap_drop", "cap_add", "security_opt", "logging", "depends_on", "healthcheck"),
        "network_mode",
    }
)


def filled(text: str, given: dict[str, str]) -> str:
    """As compose puts variables in. Raises `LookupError` with the message of `:?`."""

    def value(found: re.Match[str]) -> str:
        name, how, words = found[1], found[2] or "", found[3] or ""
        if given.get(name):
            return given[name]
        if how.endswith("?"):
            raise LookupError(words)
        return filled(words, given)

    return _REFERENCE.sub(value, text)


def environment(name: str) -> dict[str, str]:
    """What the process of a service gets."""
    own = {key: filled(str(text), SECRETS) for key, text in SERVICES[name].get("environment", {}).items()}
    return DOT_ENV | own if name in OURS else own


def test_only_keys_of_the_specification_are_used() -> None:
    assert {key for key in COMPOSE if not key.startswith("x-")} == {"name", "services", "volumes"}
    for service in SERVICES.values():
        assert service.keys() <= SERVICE_KEYS


@pytest.mark.parametrize("name", OURS)
def test_each_process_s_environment_is_taken_by_the_server(name: str, tmp_path: Path) -> None:
    loaded = accepted(environment(name), tmp_path)
    assert set(loaded.roles) == ({name} if name != "spanjudge" else {"receiver", "worker", "api"})
    assert loaded.database_url.startswith("postgresql://")
    assert loaded.port == 8000


def test_what_is_missing_stops_it_with_words_that_help() -> None:
    for missing in SECRETS:
        rest = {name: text for name, text in SECRETS.items() if name != missing}
        with pytest.raises(LookupError, match=missing):
            filled("\n".join(strings(SERVICES)), rest)
    # Where one starts: the example has the settings, the file itself says what is its own.
    start = (PROJECT / ".env.example").read_text(encoding="utf-8")
    start += (PROJECT / "compose.yaml").read_text(encoding="utf-8").partition("\nname:")[0]
    assert all(re.search(rf"^# ?{name}=|^{name}=", start, re.MULTILINE) for name in SECRETS)


def test_no_secret_stands_in_it() -> None:
    for name, service in SERVICES.items():
        for key, text in service.get("environment", {}).items():
            if re.search(r"PASSWORD|TOKEN|KEY|SECRET", key):
                assert str(text).startswith("${"), (name, key)


@pytest.mark.parametrize("name", SERVICES)
def test_everything_is_held_tight(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    if name != "queue-owner":
        assert service["user"].split(":")[0] != "0"
        assert "cap_add" not in service
        limits = service["deploy"]["resources"]["limits"]
        assert {"cpus", "memory", "pids"} <= limits.keys()


def test_our_containers_are_the_image_s(tmp_path: Path) -> None:
    final = read()[-1]
    user, volume = final.last("USER"), final.last("VOLUME")
    assert user is not None
    assert volume is not None
    for name in OURS:
        service = SERVICES[name]
        assert service["user"] == user.rest
        assert service["volumes"] == [f"spanjudge:{volume.rest}"]
        assert any(entry.startswith("/tmp") for entry in service["tmpfs"])  # noqa: S108 - the container's own
        # The image's own health check and command hold.
        assert not {"healthcheck", "command", "entrypoint"} & service.keys()
        port = accepted(environment(name), tmp_path).port
        for published in service.get("ports", []):
            assert published.endswith(f":{port}")


def test_a_server_may_take_all_the_time_it_needs_to_end() -> None:
    for name in OURS:
        seconds = int(SERVICES[name]["stop_grace_period"].removesuffix("s"))
        assert seconds >= 2 * DRAIN_SECONDS + 15


def test_who_waits_for_whom_can_be_waited_for() -> None:
    for name, service in SERVICES.items():
        for other, how in service.get("depends_on", {}).items():
            if how["condition"] == "service_healthy":
                assert "healthcheck" in SERVICES[other], (name, other)
            else:
                assert how == {"condition": "service_completed_successfully"}
                assert SERVICES[other]["restart"] == "no"
    assert all(SERVICES[name]["depends_on"]["postgres"] == {"condition": "service_healthy"} for name in OURS)


def test_volumes_are_named_and_files_are_there() -> None:
    for service in SERVICES.values():
        for entry in service.get("volumes", []):
            source = entry.split(":")[0]
            if source.startswith("."):
                assert (PROJECT / source).is_file()
            else:
                assert source in COMPOSE["volumes"]


def test_the_parts_find_each_other() -> None:
    collector = environment("collector")
    assert collector["SPANJUDGE_TOKEN"] == SECRETS["O2_JUDGE_AUTH_TOKEN"]
    host, port = collector["SPANJUDGE_ENDPOINT"].removeprefix("http://").split(":")
    takers = [
        name
        for name in OURS
        if host in SERVICES[name].get("networks", {}).get("default", {}).get("aliases", [])
    ]
    # Those alone that take spans: another would refuse them for good.
    assert takers == ["spanjudge", "receiver"]
    assert port == environment("receiver")["O2_JUDGE_PORT"]
    (spec,) = documents(PROJECT / "deploy" / "collector.yaml")
    results = spec["receivers"]["otlp/results"]["protocols"]["http"]["endpoint"].split(":")[1]
    assert environment("spanjudge")["OTEL_EXPORTER_OTLP_ENDPOINT"] == f"http://collector:{results}"
    database = environment("spanjudge")["SPANJUDGE_DATABASE_URL"]
    postgres = environment("postgres")
    assert database == f"postgresql://{postgres['POSTGRES_USER']}@postgres:5432/{postgres['POSTGRES_DB']}"
    assert environment("spanjudge")["PGPASSWORD"] == postgres["POSTGRES_PASSWORD"]
