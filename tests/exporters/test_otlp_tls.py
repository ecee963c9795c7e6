"""TLS, and certificates of our own, over both protocols."""

import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from spanjudge.errors import SettingsError
from spanjudge.exporters.destinations import from_environment
from spanjudge.exporters.otlp import OtlpExporter
from spanjudge.pipeline.ports import ExportError
from tests.exporters.otlp_receiver import GrpcReceiver, HttpReceiver, Receiver
from tests.exporters.outcomes import many
from tests.mock_judge import authority


@pytest.fixture
def pem(tmp_path: Path) -> tuple[Path, Path]:
    return authority.make(tmp_path)


@pytest.fixture(params=["http/protobuf", "grpc"])
async def receiver(request: pytest.FixtureRequest, pem: tuple[Path, Path]) -> AsyncIterator[Receiver]:
    """It takes only clients with a certificate of the same authority."""
    if request.param == "grpc":
        opened: Any = GrpcReceiver(tls=pem)
    else:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(pem[0]))
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_cert_chain(pem[1])
        opened = HttpReceiver(tls=context)
    async with opened as running:
        running.protocol = request.param
        yield running


def exporter(receiver: Any, **files: str) -> OtlpExporter:
    given = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
        "OTEL_EXPORTER_OTLP_PROTOCOL": receiver.protocol,
        **{f"OTEL_EXPORTER_OTLP_{name}": path for name, path in files.items()},
    }
    return OtlpExporter(from_environment(given)[0], resource={})


async def test_both_sides_know_each_other(receiver: Receiver, pem: tuple[Path, Path]) -> None:
    authority_file, own = map(str, pem)
    opened = exporter(receiver, CERTIFICATE=authority_file, CLIENT_CERTIFICATE=own, CLIENT_KEY=own)
    await opened.export(many(2))
    await opened.aclose()
    assert len(receiver.records()) == 2


async def test_an_unknown_authority_is_told_and_may_be_mended(receiver: Receiver) -> None:
    opened = exporter(receiver)
    with pytest.raises(ExportError, match="OTEL_EXPORTER_OTLP_CERTIFICATE") as caught:
        await opened.export(many(1))
    await opened.aclose()
    assert caught.value.retryable


async def test_files_that_are_no_certificates_stop_the_start(receiver: Receiver, tmp_path: Path) -> None:
    bad = tmp_path / "bad.pem"
    bad.write_text("not a certificate")
    with pytest.raises(SettingsError, match="OTEL_EXPORTER_OTLP_CERTIFICATE is no file of PEM"):
        exporter(receiver, CERTIFICATE=str(bad))
    with pytest.raises(SettingsError, match="OTEL_EXPORTER_OTLP_CLIENT_KEY are no PEM files"):
        exporter(receiver, CLIENT_CERTIFICATE=str(bad), CLIENT_KEY=str(bad))
