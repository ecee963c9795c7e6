"""The user interface: the built files of the package's folder `web`, as plain ASGI.

Every file is known before the first request, so no path of a request ever becomes a path on the disk.
Hashed files may be kept for ever; the page itself is asked for anew each time, and mostly found unchanged.
"""

import hashlib
import mimetypes
from collections.abc import Mapping
from pathlib import Path

import msgspec

from spanjudge.server.limits import Scope, Send

FOLDER = Path(__file__).parent.parent / "web"
"""Where the package build puts the built user interface."""

INDEX = "index.html"
ASSETS = "/assets/"
"""Files below it have a hash of their content in their name."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
    (b"content-security-policy", POLICY.encode()),
)
_KEEP, _ASK_AGAIN = b"public, max-age=31536000, immutable", b"no-cache"
_PACKED = {"br": ".br", "gzip": ".gz"}
"""Content codings in the order they are preferred, and how their files' names end."""

_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
    ".ico": "image/x-icon",
    ".txt": "text/plain; charset=utf-8",
}
_OF_OTHERS = ("/api/", "/v1/", "/evaluate/", "/weave/")
"""Below these a browser is told of its mistake by those who answer there."""

_NOT_BUILT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Spanjudge: UI not built</title></head><body><h1>UI not built</h1>
<p>This installation of Spanjudge holds no user interface. The API works all the same: see
<a href="/docs">/docs</a>.</p>
<p>To build it in a checkout: <code>npm --prefix ui ci</code> and <code>npm --prefix ui run build</code>,
then start the server again. Wheels from the package build hold the user interface already.</p>
</body></html>
"""


class _File(msgspec.Struct, frozen=True):
    """A file as it is sent; `packed` has its compressed forms by their content coding."""

    kind: bytes
    etag: bytes
    keep: bytes
    plain: bytes
    packed: dict[str, bytes]


class Web:
    """The files of a folder, read at start. Without any, a page says how to build them."""

    def __init__(self, folder: Path = FOLDER) -> None:
        """Read them all: a few hundred kilobytes."""
        files = _files(folder)
        self.built = f"/{INDEX}" in files
        self._index = files.get(f"/{INDEX}") or _of(INDEX, _NOT_BUILT.encode(), {})
        self._files: Mapping[str, _File] = files if self.built else {}

    def has(self, path: str, scope: Scope) -> bool:
        """Whether this request is answered here: a file, or a browser that opens one of the pages."""
        if scope["method"] not in ("GET", "HEAD"):
            return False
        if path == "/" or path in self._files or path.startswith(ASSETS):
            return True
        if path in ("/docs", "/openapi.json", "/api") or f"{path}/".startswith(_OF_OTHERS):
            return False
        accepted = next((value for name, value in scope["headers"] if name == b"accept"), b"")
        return b"text/html" in accepted

    async def __call__(self, scope: Scope, path: str, send: Send) -> None:
        """Answer a request that `has` said belongs here."""
        file = self._files.get(path)
        if file is None:
            if path.startswith(ASSETS):
                await _send(
                    scope, send, 404, [(b"content-type", b"text/plain; charset=utf-8")], b"Not found.\n"
                )
                return
            file = self._index
        headers: dict[bytes, bytes] = dict(scope["headers"])
        coding = _coding(headers.get(b"accept-encoding", b""), file)
        body = file.packed[coding] if coding else file.plain
        etag = file.etag[:-1] + f"-{coding}".encode() + b'"' if coding else file.etag
        told = [
            (b"content-type", file.kind),
            (b"cache-control", file.keep),
            (b"etag", etag),
            (b"vary", b"accept-encoding"),
        ]
        if _unchanged(headers.get(b"if-none-match", b""), file.etag):
            await _send(scope, send, 304, told, None)
            return
        if coding:
            told.append((b"content-encoding", coding.encode()))
        await _send(scope, send, 200, told, body)


def _files(folder: Path) -> dict[str, _File]:
    found = {
        f"/{path.relative_to(folder).as_posix()}": path.read_bytes()
        for path in (sorted(folder.rglob("*")) if folder.is_dir() else ())
        if path.is_file() and not path.name.startswith(".")
    }
    endings = tuple(_PACKED.values())
    return {
        name: _of(
            name,
            content,
            {coding: found[name + end] for coding, end in _PACKED.items() if name + end in found},
        )
        for name, content in found.items()
        if not name.endswith(endings) and name != f"/{INDEX}.map"
    }


def _of(name: str, content: bytes, packed: dict[str, bytes]) -> _File:
    ending = Path(name).suffix
    kind = _TYPES.get(ending) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    etag = f'"{hashlib.sha256(content).hexdigest()[:20]}"'
    smaller = {coding: body for coding, body in packed.items() if len(body) < len(content)}
    keep = _KEEP if name.startswith(ASSETS) else _ASK_AGAIN
    return _File(kind.encode(), etag.encode(), keep, content, smaller)


def _coding(accepted: bytes, file: _File) -> str:
    """The best coding both sides have, or none."""
    wanted: dict[str, bool] = {}
    for entry in accepted.decode("latin-1").lower().split(","):
        name, *parameters = (part.strip() for part in entry.split(";"))
        refused = any(each.replace(" ", "") in ("q=0", "q=0.0", "q=0.00", "q=0.000") for each in parameters)
        wanted[name] = not refused
    return next(
        (
            coding
            for coding in _PACKED
            if coding in file.packed and wanted.get(coding, wanted.get("*", False))
        ),
        "",
    )


def _unchanged(asked: bytes, etag: bytes) -> bool:
    """`If-None-Match`, whatever coding it was sent in then."""
    bare = etag.strip(b'"')
    tags = (tag.strip().removeprefix(b"W/").strip(b'"') for tag in asked.split(b","))
    return any(tag in (b"*", bare) or tag.rpartition(b"-")[0] == bare for tag in tags)


async def _send(
    scope: Scope, send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes | None
) -> None:
    fields = [*headers, *_HEADERS]
    if body is not None:
        fields.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body or b""})
