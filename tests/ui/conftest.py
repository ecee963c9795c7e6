"""Real pages in a real Chromium against a real server.

All tests of this folder share one event loop and one browser; each has pages and, where it asks for one, a
server of its own. A page that logs an error, breaks its policy or asks another origin fails its test.
"""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Literal

import pytest
import pytest_asyncio
from playwright.async_api import Browser, ConsoleMessage, Page, Request, async_playwright

from tests.ui.chromium import ARGUMENTS, chromium
from tests.ui.looking import DESKTOP, Open
from tests.ui.site import TOKEN, Site, open_site

ROOT = Path(__file__).parent.parent.parent
BUILT = ROOT / "src" / "spanjudge" / "web" / "index.html"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One loop for all: the browser lives in it."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    program = chromium()
    assert program is not None, "no Chromium: install the package chromium, or set SPANJUDGE_CHROMIUM"
    assert BUILT.is_file(), "the page is not built: run `npm ci && npm run package` in ui/"
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
        yield opened
        await opened.close()


@pytest_asyncio.fixture(loop_scope="session")
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """A server of the test's own, without data."""
    async with open_site(tmp_path / "data") as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="session")
async def open_page(browser: Browser) -> AsyncIterator[Open]:
    """Opens pages, signed in unless told otherwise; at the end of the test every one must have behaved."""
    troubles: list[str] = []
    contexts: list[Any] = []

    async def opens(
        site: Site,
        path: str = "/",
        *,
        size: tuple[int, int] = DESKTOP,
        scheme: Literal["light", "dark"] = "light",
        signed_in: bool = True,
        expected: Callable[[str], bool] = lambda _trouble: False,
    ) -> Page:
        context = await browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme=scheme,
            base_url=site.address,
            reduced_motion="reduce",
            locale="en-US",
            timezone_id="UTC",
        )
        contexts.append(context)
        await context.grant_permissions(["clipboard-read", "clipboard-write"])
        if signed_in:
            answer = await context.request.post("/api/v1/session", data={"token": TOKEN})
            assert answer.ok, await answer.text()
        page = await context.new_page()
        page.set_default_timeout(15_000)

        def note(trouble: str) -> None:
            if not expected(trouble):
                troubles.append(trouble)

        def heard(message: ConsoleMessage) -> None:
            if message.type in ("error", "warning"):
                note(f"console {message.type}: {message.text}")

        def asked(request: Request) -> None:
            if not request.url.startswith((site.address, "data:", "blob:")):
                note(f"another origin was asked: {request.url}")

        page.on("console", heard)
        page.on("pageerror", lambda error: note(f"uncaught: {error}"))
        page.on("request", asked)
        await page.goto(path)
        # Keys go nowhere before something is drawn.
        await page.locator("#root > *").first.wait_for(state="attached")
        return page

    yield opens
    for context in contexts:
        await context.close()
    assert troubles == []
