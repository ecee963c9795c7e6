"""Ways to look at a page."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Page

DESKTOP = (1440, 900)
PHONE = (390, 844)

Open = Callable[..., Awaitable[Page]]
"""`await open_page(site, "/traces", size=PHONE, scheme="dark")`."""

_AXE = Path(__file__).parent.parent.parent / "ui" / "node_modules" / "axe-core" / "axe.min.js"


@asynccontextmanager
async def answering(page: Page, fragment: str, method: str = "GET") -> AsyncGenerator[None]:
    """The body, and the answer of the request whose address holds `fragment`."""
    async with page.expect_response(
        lambda response: fragment in response.url and response.request.method == method
    ):
        yield


async def violations(page: Page) -> list[str]:
    """What axe-core finds serious or critical on the page as it stands."""
    await page.evaluate(_AXE.read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = await page.evaluate(
        "async () => (await axe.run(document, {resultTypes: ['violations']})).violations"
        ".filter((one) => ['serious', 'critical'].includes(one.impact))"
    )
    return [
        f"{one['id']} ({one['impact']}): {one['help']}: "
        + "; ".join(str(node["target"]) for node in one["nodes"])
        for one in found
    ]
