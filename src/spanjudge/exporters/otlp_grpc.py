"""OTLP over gRPC."""

import importlib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from spanjudge.exporters import otlp_answers
from spanjudge.exporters.otlp_messages import METHODS, Accepted, accepted, response_type
from spanjudge.telemetry.routes import Route
from spanjudge.version import __version__

_DETAILS = "grpc-status-details-bin"


class GrpcTransport:
    """Carries the requests of one route over one channel, which connects with the first one."""

    def __init__(self, route: Route) -> None:
        """Raises `SettingsError` for certificate files that are none."""
        # gRPC takes a tenth of a second to import, and only a destination that speaks it needs it.
        self._grpc: Any = importlib.import_module("grpc")
        self._aio: Any = importlib.import_module("grpc.aio")
        self.route = route
        self._credentials = self._tls() if route.is_secure else None
        self._metadata = tuple(route.headers.items())
        self._channel: Any = None
        self._call: Any = None

    async def send(self, body: bytes) -> Accepted:
        """Send one request, a serialised protobuf message.

        Raises `ExportError` and `TooLargeError`.
        """
        call = self._call or self._connect()
        compression = self._grpc.Compression
        try:
            response = await call(
                body,
                timeout=self.route.timeout,
                metadata=self._metadata,
                compression=compression.Gzip if self.route.compression == "gzip" else None,
            )
        except self._aio.AioRpcError as error:
            raise self._told(error) from None
        return accepted(self.route, response)

    async def aclose(self) -> None:
        """Close the channel."""
        if self._channel is not None:
            await self._channel.close()
            self._channel = self._call = None

    def _connect(self) -> Any:
        target = urlsplit(self.route.url).netloc.rpartition("@")[2]
        options = (
            ("grpc.primary_user_agent", f"spanjudge/{__version__}"),
            # A backend that comes back is found again within seconds, not after gRPC's two minutes.
            ("grpc.max_reconnect_backoff_ms", 5000),
        )
        if self._credentials is None:
            self._channel = self._aio.insecure_channel(target, options=options)
        else:
            self._channel = self._aio.secure_channel(target, self._credentials, options=options)
        self._call = self._channel.unary_unary(
            METHODS[self.route.signal],
            request_serializer=None,
            response_deserializer=response_type(self.route.signal).FromString,
        )
        return self._call

    def _tls(self) -> Any:
        from spanjudge.exporters.otlp_http import tls_context  # noqa: PLC0415  checks the files; gRPC would not

        tls_context(self.route)
        return self._grpc.ssl_channel_credentials(
            root_certificates=_content(self.route.certificate),
            private_key=_content(self.route.client_key),
            certificate_chain=_content(self.route.client_certificate),
        )

    def _told(self, error: Any) -> Exception:
        code, words = error.code().name, error.details() or ""
        wait = self._retry_after(error.trailing_metadata())
        if code == "RESOURCE_EXHAUSTED" and wait is None and "larger than max" in words:
            return otlp_answers.TooLargeError()
        if code == "UNAVAILABLE" and ("certificate" in words.lower() or "handshake" in words.lower()):
            return otlp_answers.not_connected(self.route, "TLS: no agreement", tls=True)
        if code == "UNAVAILABLE" and "connect" in words:
            return otlp_answers.not_connected(self.route, _short(words))
        return otlp_answers.grpc_error(self.route, code, words, retry_after=wait)

    def _retry_after(self, metadata: Any) -> float | None:
        """The delay of a `RetryInfo`, in seconds."""
        from google.protobuf.message import DecodeError  # noqa: PLC0415
        from google.rpc.error_details_pb2 import RetryInfo  # noqa: PLC0415
        from google.rpc.status_pb2 import Status  # noqa: PLC0415

        for key, value in metadata or ():
            if key != _DETAILS:
                continue
            info = RetryInfo()
            try:
                for detail in Status.FromString(value).details:
                    if detail.Unpack(info):
                        return info.retry_delay.seconds + info.retry_delay.nanos / 1e9
            except DecodeError:
                return None
        return None


def _content(path: str | None) -> bytes | None:
    return None if path is None else Path(path).read_bytes()


def _short(words: str) -> str:
    """The reason, which stands at the end of gRPC's own account of a failed connection."""
    return words.rpartition(": ")[2][:80] or "refused"
