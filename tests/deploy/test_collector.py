"""deploy/collector.yaml and the example: pipelines name what is defined, and all of it."""

from pathlib import Path
from typing import Any

import pytest

from tests.deploy.dockerfile import PROJECT
from tests.deploy.files import DEPLOY, documents, strings

FILES = [DEPLOY / "collector.yaml", PROJECT / "docs" / "examples" / "otel-collector.yaml"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_pipelines_are_made_of_what_is_defined(file: Path) -> None:
    (spec,) = documents(file)
    used: dict[str, set[str]] = {kind: set() for kind in ("receivers", "processors", "exporters")}
    for name, pipeline in spec["service"]["pipelines"].items():
        assert name.split("/")[0] in {"traces", "logs", "metrics"}
        assert pipeline.keys() <= used.keys()
        assert pipeline["receivers"]
        assert pipeline["exporters"]
        for kind, names in pipeline.items():
            used[kind] |= set(names)
    for kind, names in used.items():
        assert names == set(spec.get(kind, {})), f"{kind}: defined and used differ"
    assert set(spec["service"].get("extensions", [])) == set(spec.get("extensions", {}))


def collector() -> dict[str, Any]:
    (spec,) = documents(DEPLOY / "collector.yaml")
    return spec


def test_nothing_is_lost_between_an_application_and_spanjudge() -> None:
    spec = collector()
    exporter = spec["exporters"]["otlphttp/spanjudge"]
    queue = exporter["sending_queue"]
    assert queue["enabled"]
    assert queue["storage"] in spec["extensions"]
    assert exporter["retry_on_failure"] == {
        "enabled": True,
        "initial_interval": "1s",
        "max_interval": "30s",
        "max_elapsed_time": "0s",
    }
    # A batch processor in front of the queue holds spans in memory alone.
    assert "batch" not in spec["processors"]
    assert queue["batch"]["max_size"] >= queue["batch"]["min_size"]
    for pipeline in spec["service"]["pipelines"].values():
        assert pipeline["processors"][0] == "memory_limiter"


def test_results_do_not_go_round_in_a_circle() -> None:
    pipelines = collector()["service"]["pipelines"]
    to_us = [one for one in pipelines.values() if "otlphttp/spanjudge" in one["exporters"]]
    assert len(to_us) == 2
    assert all("otlp/results" not in one["receivers"] for one in to_us)


def test_its_variables_are_those_that_compose_gives_it() -> None:
    (compose,) = documents(PROJECT / "compose.yaml")
    given = compose["services"]["collector"]["environment"].keys()
    wanted = {
        text.partition("${env:")[2].partition("}")[0] for text in strings(collector()) if "${env:" in text
    }
    assert wanted == given


def test_ports_of_compose_are_the_collector_s() -> None:
    (compose,) = documents(PROJECT / "compose.yaml")
    published = {entry.split(":")[-1] for entry in compose["services"]["collector"]["ports"]}
    spec = collector()
    own = {
        spec["receivers"]["otlp"]["protocols"][protocol]["endpoint"].split(":")[1]
        for protocol in ("grpc", "http")
    }
    own |= {spec["exporters"]["prometheus"]["endpoint"].split(":")[1]}
    own |= {spec["extensions"]["health_check"]["endpoint"].split(":")[1]}
    assert published == own
