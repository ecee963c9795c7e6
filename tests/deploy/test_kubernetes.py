"""The manifests: what they say of the server is true of the server."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from spanjudge.app.server import DRAIN_SECONDS
from spanjudge.cli.main import COMMANDS
from spanjudge.version import __version__
from tests.cli.process import environment, judge_at, serving
from tests.deploy.dockerfile import read
from tests.deploy.files import DEPLOY, accepted, documents
from tests.deploy.metrics import Metric

FOLDER = DEPLOY / "kubernetes"
(KUSTOMIZATION,) = documents(FOLDER / "kustomization.yaml")
OBJECTS: list[dict[str, Any]] = [
    one for name in KUSTOMIZATION["resources"] for one in documents(FOLDER / name)
]
(SECRET,) = documents(FOLDER / "secret.example.yaml")
ROLES = ("receiver", "worker", "api")


def of(kind: str) -> dict[str, dict[str, Any]]:
    """The objects of a kind by their name."""
    return {one["metadata"]["name"]: one for one in OBJECTS if one["kind"] == kind}


def pod(role: str) -> dict[str, Any]:
    """The pod's template of a role."""
    template: dict[str, Any] = of("Deployment")[f"spanjudge-{role}"]["spec"]["template"]
    return template


def container(role: str) -> dict[str, Any]:
    (one,) = pod(role)["spec"]["containers"]
    found: dict[str, Any] = one
    return found


def variables(role: str) -> dict[str, str]:
    """The environment of a role's process; what comes of a Secret is its example's."""
    found: dict[str, str] = {}
    for source in container(role)["envFrom"]:
        found |= of("ConfigMap")[source["configMapRef"]["name"]]["data"]
    for one in container(role)["env"]:
        if "value" in one:
            found[one["name"]] = one["value"]
        else:
            reference = one["valueFrom"]["secretKeyRef"]
            assert reference["name"] == SECRET["metadata"]["name"]
            found[one["name"]] = SECRET["stringData"][reference["key"]]
    return found


def probes(role: str) -> Iterator[dict[str, Any]]:
    for name in ("startupProbe", "livenessProbe", "readinessProbe"):
        yield container(role)[name]["httpGet"]


def test_every_object_is_listed_once_and_of_a_known_kind() -> None:
    listed = set(KUSTOMIZATION["resources"])
    others = {path.name for path in FOLDER.glob("*.yaml")} - listed - {"secret.yaml"}
    by_hand = {"secret.example.yaml", "migrate.yaml", "metrics-adapter.yaml", "keda.yaml"}
    assert others == {"kustomization.yaml", *by_hand}
    names = [(one["apiVersion"], one["kind"], one["metadata"]["name"]) for one in OBJECTS]
    assert len(names) == len(set(names))
    assert set(of("Deployment")) == {f"spanjudge-{role}" for role in ROLES}


def test_the_image_is_the_version() -> None:
    (image,) = KUSTOMIZATION["images"]
    assert (image["name"], image["newTag"]) == ("spanjudge", __version__)
    assert all(container(role)["image"] == image["name"] for role in ROLES)


@pytest.mark.parametrize("role", ROLES)
def test_the_environment_is_taken_by_the_server(role: str, tmp_path: Path) -> None:
    loaded = accepted(variables(role), tmp_path)
    assert loaded.roles == (role,)
    assert loaded.database_url.startswith("postgresql://")
    assert container(role)["args"][0] in COMMANDS
    ports = {one["name"]: one["containerPort"] for one in container(role)["ports"]}
    assert ports["http"] == loaded.port
    assert ports.get("grpc") == (loaded.grpc_port if role == "receiver" else None)
    if role != "receiver":
        assert loaded.judge.api_key == SECRET["stringData"]["judge-api-key"]


def test_every_key_of_the_secret_is_used_and_there() -> None:
    wanted = {
        one["valueFrom"]["secretKeyRef"]["key"]
        for role in ROLES
        for one in container(role)["env"]
        if "valueFrom" in one
    }
    for role in ROLES:
        for volume in pod(role)["spec"]["volumes"]:
            if "secret" in volume:
                assert volume["secret"]["secretName"] == SECRET["metadata"]["name"]
                wanted |= {item["key"] for item in volume["secret"]["items"]}
    assert wanted == set(SECRET["stringData"])
    # An example that was applied as it is must not look like a working one.
    assert all("CHANGE-ME" in text for text in SECRET["stringData"].values())


def test_the_tokens_file_is_where_the_secret_is_mounted() -> None:
    for role in ROLES:
        mounts = {one["name"]: one["mountPath"] for one in container(role)["volumeMounts"]}
        (volume,) = [one for one in pod(role)["spec"]["volumes"] if one["name"] == "tokens"]
        (item,) = volume["secret"]["items"]
        assert variables(role)["SPANJUDGE_AUTH_TOKENS_FILE"] == f"{mounts['tokens']}/{item['path']}"
        assert mounts["data"] == variables(role)["SPANJUDGE_DATA_DIR"]
        assert set(mounts) == {one["name"] for one in pod(role)["spec"]["volumes"]}
        assert mounts["tmp"] == "/tmp"  # noqa: S108 - the container's own


@pytest.mark.parametrize("role", ROLES)
def test_a_pod_may_do_nothing_but_its_work(role: str) -> None:
    spec, one = pod(role)["spec"], container(role)
    user = read()[-1].last("USER")
    assert user is not None
    security = spec["securityContext"]
    assert security["runAsNonRoot"] is True
    assert f"{security['runAsUser']}:{security['runAsGroup']}" == user.rest
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    assert one["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert spec["automountServiceAccountToken"] is False
    assert spec["serviceAccountName"] in of("ServiceAccount")
    assert {"cpu", "memory"} <= one["resources"]["requests"].keys()
    assert "memory" in one["resources"]["limits"]


@pytest.mark.parametrize("role", ROLES)
def test_a_pod_has_the_time_to_end(role: str) -> None:
    (word, seconds) = container(role)["lifecycle"]["preStop"]["exec"]["command"]
    assert word == "sleep"
    # Requests and judging may take the drain time each; what is left is for telemetry.
    assert pod(role)["spec"]["terminationGracePeriodSeconds"] >= int(seconds) + 2 * DRAIN_SECONDS + 15


@pytest.mark.parametrize("role", ROLES)
async def test_the_probes_paths_are_the_server_s(role: str, tmp_path: Path) -> None:
    changes = judge_at("http://127.0.0.1:9") | {"O2_JUDGE_AUTH_TOKEN": "t", "SPANJUDGE_ROLE": role}
    async with serving(env=environment(tmp_path, changes)) as served:
        for probe in probes(role):
            assert probe["port"] in {one["name"] for one in container(role)["ports"]}
            assert await status(served.address + probe["path"]) == 200


async def status(url: str) -> int:
    import aiohttp  # noqa: PLC0415 - one test needs it

    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status


def selects(selector: dict[str, str], role: str) -> bool:
    return selector.items() <= pod(role)["metadata"]["labels"].items()


def test_the_job_that_migrates_is_a_command_of_this_version(tmp_path: Path) -> None:
    (job,) = documents(FOLDER / "migrate.yaml")
    spec = job["spec"]["template"]["spec"]
    (one,) = spec["containers"]
    assert one["image"] == f"spanjudge:{__version__}"
    assert one["args"][0] in COMMANDS
    loaded = accepted(
        {entry["name"]: entry.get("value", SECRET["stringData"]["database-url"]) for entry in one["env"]},
        tmp_path,
    )
    assert loaded.database_url == SECRET["stringData"]["database-url"]
    assert one["securityContext"] == container("worker")["securityContext"]
    assert job["metadata"]["namespace"] == KUSTOMIZATION["namespace"]
    # It must not be taken for a pod of a Service or a Deployment.
    labels = job["spec"]["template"]["metadata"]["labels"]
    assert not [role for role in ROLES if labels.items() >= pod(role)["metadata"]["labels"].items()]


def test_selectors_find_their_pods() -> None:
    for role in ROLES:
        deployment = of("Deployment")[f"spanjudge-{role}"]["spec"]
        assert selects(deployment["selector"]["matchLabels"], role)
        budget = of("PodDisruptionBudget")[f"spanjudge-{role}"]["spec"]
        assert [one for one in ROLES if selects(budget["selector"]["matchLabels"], one)] == [role]
        for constraint in pod(role)["spec"]["topologySpreadConstraints"]:
            assert [one for one in ROLES if selects(constraint["labelSelector"]["matchLabels"], one)] == [
                role
            ]


def test_services_and_policies_name_ports_that_are_there() -> None:
    for name, service in of("Service").items():
        (role,) = [one for one in ROLES if selects(service["spec"]["selector"], one)]
        assert name.startswith(f"spanjudge-{role}")
        ports = {one["name"] for one in container(role)["ports"]}
        assert {one["targetPort"] for one in service["spec"]["ports"]} <= ports
    for name, policy in of("NetworkPolicy").items():
        for rule in policy["spec"].get("ingress", []):
            (role,) = [one for one in ROLES if selects(policy["spec"]["podSelector"]["matchLabels"], one)]
            assert name == f"spanjudge-{role}"
            ports = {one["containerPort"] for one in container(role)["ports"]}
            assert {one["port"] for one in rule["ports"]} == ports


def test_what_pods_have_to_reach_they_may_reach() -> None:
    policy = of("NetworkPolicy")["spanjudge"]["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    allowed = {
        (
            peer.get("namespaceSelector", {}).get("matchLabels", {}).get("kubernetes.io/metadata.name"),
            port["port"],
        )
        for rule in policy["egress"]
        for peer in rule["to"]
        for port in rule["ports"]
    }
    settings = variables("worker")
    for url in (settings["OTEL_EXPORTER_OTLP_ENDPOINT"], settings["SPANJUDGE_DATABASE_URL"]):
        found = re.search(r"[/@][\w-]+\.([\w-]+):(\d+)", url)
        assert found is not None, url
        assert (found[1], int(found[2])) in allowed
    assert (None, 443) in allowed


async def test_workers_follow_a_metric_that_is_exported(metrics: dict[str, Metric]) -> None:
    series = {name for metric in metrics.values() for name in metric.series}
    scaler = of("HorizontalPodAutoscaler")["spanjudge-worker"]["spec"]
    (one,) = scaler["metrics"]
    name = one["external"]["metric"]["name"]
    assert name in series
    (adapter,) = documents(FOLDER / "metrics-adapter.yaml")
    (rule,) = adapter["rules"]["external"]
    assert rule["name"]["as"] == rule["seriesQuery"] == name
    (keda,) = documents(FOLDER / "keda.yaml")
    (trigger,) = keda["spec"]["triggers"]
    assert rule["metricsQuery"] == trigger["metadata"]["query"]
    assert name in rule["metricsQuery"]
    # Both ways are the same autoscaling.
    assert trigger["metadata"]["threshold"] == one["external"]["target"]["value"]
    assert keda["spec"]["maxReplicaCount"] == scaler["maxReplicas"]
    assert keda["spec"]["scaleTargetRef"]["name"] == scaler["scaleTargetRef"]["name"]
    assert scaler["scaleTargetRef"]["name"] in of("Deployment")


def test_what_is_scaled_has_no_number_of_its_own() -> None:
    scaled = {one["spec"]["scaleTargetRef"]["name"] for one in of("HorizontalPodAutoscaler").values()}
    for name, deployment in of("Deployment").items():
        assert ("replicas" in deployment["spec"]) == (name not in scaled)
