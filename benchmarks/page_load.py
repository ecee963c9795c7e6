"""What a reader waits for, in a real Chromium: `python -m benchmarks.page_load [--database PATH]`.

With 100,000 traces stored: bytes of a first load, time until rows are visible, and until a filter has changed
them, beside the limits the product set itself (250 KB, 1.0 s, 150 ms). Without a database one is filled.
"""

import argparse
import asyncio
import platform
import shutil
import statistics
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, CDPSession, Page, async_playwright

from benchmarks.page_store import fill, start_of
from benchmarks.process import Process, free_port
from benchmarks.settings import TOKEN, settings
from tests.ui.chromium import ARGUMENTS, chromium

TRACES = 100_000
MOST_BYTES, MOST_LOAD_MS, MOST_FILTER_MS = 250_000, 1_000, 150
ROW = '[role="row"] a[href^="/traces/"], a[href^="/traces/"]'
PAGES = {
    "overview": "/",
    "traces": "/traces?range=30d",
    "results": "/results?range=30d",
    "evaluators": "/evaluators",
}


async def signed_in(browser: Browser, address: str) -> BrowserContext:
    """A browser profile without a cache of its own."""
    context = await browser.new_context(base_url=address, viewport={"width": 1440, "height": 900})
    answer = await context.request.post("/api/v1/session", data={"token": TOKEN})
    if not answer.ok:
        raise RuntimeError(f"signing in: {answer.status}")
    return context


async def first_load(browser: Browser, address: str, path: str, ready: str) -> tuple[float, int]:
    """Milliseconds until `ready` is visible, and bytes over the network by then, with an empty cache."""
    context = await signed_in(browser, address)
    page = await context.new_page()
    wire: CDPSession = await context.new_cdp_session(page)
    await wire.send("Network.enable")
    received = 0

    def count(event: dict[str, Any]) -> None:
        nonlocal received
        received += int(event["encodedDataLength"])

    wire.on("Network.loadingFinished", count)
    began = time.perf_counter()
    await page.goto(path, wait_until="commit")
    await page.locator(ready).first.wait_for(state="visible")
    took = (time.perf_counter() - began) * 1000
    await page.wait_for_load_state("networkidle") if "events" not in path else None
    await context.close()
    return took, received


async def filters(page: Page, addresses: list[str]) -> list[float]:
    """Milliseconds from an address that changes within the page to the answer shown."""
    found: list[float] = []
    for address in addresses:
        async with page.expect_response(lambda one: "/api/v1/traces?" in one.url) as answered:
            began = time.perf_counter()
            await page.evaluate(
                "(to) => { history.pushState(null, '', to); dispatchEvent(new PopStateEvent('popstate')); }",
                address,
            )
        await (await answered.value).finished()
        await page.evaluate(
            "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )
        found.append((time.perf_counter() - began) * 1000)
    return found


def line(name: str, ours: float, limit: float, unit: str) -> str:
    """A row of the table."""
    return f"{name:<44}{ours:>12,.0f} {unit:<3}{limit:>12,.0f} {unit:<3}{ours / limit:>8.2f}"


async def measure(database: Path, rounds: int) -> None:
    """Start the server on a copy and print the table."""
    folder = Path(tempfile.mkdtemp(prefix="spanjudge-pages-"))
    port = free_port()
    try:
        shutil.copy(database, folder / "spanjudge.db")
        environment = settings(
            folder, SPANJUDGE_RETENTION_SPANS_DAYS="3650", SPANJUDGE_RETENTION_RESULTS_DAYS="3650"
        )
        arguments = ["-m", "spanjudge", "serve", "--host", "127.0.0.1", "--port", str(port)]
        with Process(*arguments, core=None, environment=environment) as server:
            await asyncio.to_thread(server.wait_for, port)
            await _print(f"http://127.0.0.1:{port}", rounds)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _print(address: str, rounds: int) -> None:
    print(f"Chromium, Spanjudge on CPython {platform.python_version()}, uvicorn {version('uvicorn')}")
    print(f"{'':<44}{'ours':>16}{'limit':>16}{'ratio':>8}")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=list(ARGUMENTS))
        await first_load(browser, address, PAGES["traces"], ROW)  # the server imports its pages once
        for name, path in PAGES.items():
            runs = [
                await first_load(browser, address, path, ROW if name == "traces" else "h1")
                for _ in range(rounds)
            ]
            size = statistics.median(size for _, size in runs)
            took = statistics.median(took for took, _ in runs)
            print(line(f"{name}: first load, bytes", size / 1000, MOST_BYTES / 1000, "KB"))
            print(
                line(
                    f"{name}: until {'rows are' if name == 'traces' else 'it is'} visible",
                    took,
                    MOST_LOAD_MS,
                    "ms",
                )
            )
        context = await signed_in(browser, address)
        page = await context.new_page()
        asked = [f"{PAGES['traces']}&{rest}" for rest in _FILTERS]
        took: list[float] = []
        for _ in range(rounds):
            await page.goto(PAGES["traces"])  # anew: a page keeps the answers it has
            await page.locator(ROW).first.wait_for()
            took += await filters(page, asked)
        print(
            line("traces: a filter until its rows are drawn", statistics.median(took), MOST_FILTER_MS, "ms")
        )
        await browser.close()


_FILTERS = (
    "verdict=fail",
    "service=checkout",
    "verdict=none",
    "verdict=pass&min_score=0.5",
    "model=gpt-4o",
    "text=refund",
)


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--database", type=Path, help="a database of benchmarks.page_store; one is made without"
    )
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    if options.database is not None:
        asyncio.run(measure(options.database, options.rounds))
        return
    with tempfile.TemporaryDirectory(prefix="spanjudge-pages-") as folder:
        database = Path(folder, "spanjudge.db")
        asyncio.run(fill(database, TRACES, start_ns=start_of(TRACES)))
        asyncio.run(measure(database, options.rounds))


if __name__ == "__main__":
    main()
