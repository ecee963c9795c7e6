"""Sending the first span: snippets that work as they are copied, tokens, and what has come so far."""

import asyncio
import io
import json
import re
import time
import zipfile
from pathlib import Path

import aiohttp
import pytest
from playwright.async_api import Page, expect

from tests.ui.looking import PHONE, Open, violations
from tests.ui.scenes import POLITE, prepared
from tests.ui.site import Site, span


async def copied(page: Page, name: str) -> str:
    """What a copy button puts on the clipboard."""
    button = page.get_by_role("button", name=name, exact=True)
    await button.click()
    await expect(button.locator("xpath=..").get_by_role("status")).to_have_text("Copied")
    return str(await page.evaluate("navigator.clipboard.readText()"))


async def make_token(page: Page) -> str:
    await page.get_by_role("button", name="Make a token").click()
    return await copied(page, "Copy token")


async def test_snippets_have_this_servers_address_and_the_token_made_here(
    site: Site, open_page: Open
) -> None:
    page = await open_page(site, "/setup")
    assert await copied(page, "Copy address") == site.address
    await expect(page.get_by_role("tabpanel")).to_contain_text("YOUR_TOKEN")
    token = await make_token(page)
    await expect(page.get_by_role("tabpanel")).not_to_contain_text(token)
    for tab in ("Collector", "Python", "JavaScript", "Any SDK"):
        await page.get_by_role("tab", name=tab).click()
        await expect(page.get_by_role("tabpanel", name=tab)).to_contain_text(site.address)
        text = await copied(page, "Copy the snippet")
        assert token in text
        assert site.address in text


async def test_the_page_notices_the_first_span_and_its_verdict(site: Site, open_page: Open) -> None:
    await prepared(site, POLITE)
    page = await open_page(site, "/setup?way=curl")
    await expect(page.get_by_text("Waiting for your first span")).to_be_visible()
    token = await make_token(page)
    command = await copied(page, "Copy the command")
    body = json.loads(command[command.index("-d '") + 4 : -1])
    assert f"authorization: Bearer {token}" in command
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as sender:
        async with sender.post(f"{site.address}/v1/traces", json=body) as answer:
            assert answer.status == 200, await answer.text()
        async with sender.get(f"{site.address}/api/v1/results") as answer:
            assert answer.status == 403
    await expect(page.get_by_text("Arrived and judged")).to_be_visible()
    await expect(page.get_by_text(re.compile("1 span so far.* from by-hand"))).to_be_visible()
    await expect(page.get_by_role("list").filter(has_text="The first verdict")).to_contain_text("politeness")


async def test_spans_without_content_are_told_what_is_missing(site: Site, open_page: Open) -> None:
    page = await open_page(site, "/setup")
    await expect(page.get_by_text("Waiting for your first span")).to_be_visible()
    bare = span(1, start_s=time.time() - 5)
    attributes = bare["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["attributes"]
    attributes[:] = [one for one in attributes if "messages" not in one["key"]]
    await site.send(bare)
    await expect(page.get_by_text("1 model call came without messages")).to_be_visible()
    await expect(page.get_by_text("CAPTURE_MESSAGE_CONTENT=true")).to_be_visible()


async def test_the_files_for_openobserve_are_ready_to_import(site: Site, open_page: Open) -> None:
    page = await open_page(site, "/setup?way=openobserve")
    async with page.expect_download() as started:
        await page.get_by_role("button", name=re.compile("Download .* with a new token")).click()
    download = await started.value
    assert download.suggested_filename == "spanjudge-openobserve.zip"
    content = await asyncio.to_thread(Path(await download.path()).read_bytes)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = {name: archive.read(name).decode() for name in archive.namelist()}
    scorers = [text for name, text in files.items() if "/scorers/" in name]
    assert len(scorers) >= 8
    assert all(f"{site.address}/evaluate" in text for text in scorers)
    assert not any("PUT-A-TOKEN" in text for text in scorers)
    await expect(page.get_by_role("list", name="Tokens")).to_contain_text("OpenObserve")


async def test_a_token_is_made_shown_once_and_revoked(site: Site, open_page: Open) -> None:
    page = await open_page(site, "/setup")
    await page.get_by_role("button", name="New token").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Name").fill("dashboard")
    await dialog.get_by_label("read: look at everything").check()
    await dialog.get_by_label("ingest: send spans").uncheck()
    await dialog.get_by_label("Ends").select_option("in 30 days")
    await dialog.get_by_role("button", name="Make the token").click()
    token = await dialog.get_by_label("Token", exact=True).input_value()
    await dialog.get_by_role("button", name="Done").click()
    row = page.get_by_role("list", name="Tokens").get_by_role("listitem").filter(has_text="dashboard")
    await expect(row).to_contain_text("read")
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as reader:
        async with reader.get(f"{site.address}/api/v1/setup") as answer:
            assert answer.status == 200
        await row.get_by_role("button", name="Revoke dashboard").click()
        await expect(page.get_by_role("dialog")).to_contain_text("is refused from now on")
        await page.get_by_role("button", name="Revoke", exact=True).click()
        await expect(row).to_have_count(0)
        async with reader.get(f"{site.address}/api/v1/setup") as answer:
            assert answer.status == 401


async def test_who_may_only_read_is_offered_nothing_that_is_refused(site: Site, open_page: Open) -> None:
    made = await site.api("POST", "/tokens", {"name": "reader", "scopes": ["read"]})
    page = await open_page(site, "/sign-in", signed_in=False)
    await page.get_by_label("Token", exact=True).fill(made["token"])
    await page.get_by_role("button", name="Sign in").click()
    await page.goto("/setup")
    await expect(page.get_by_text("Ask somebody with the scope admin")).to_be_visible()
    await expect(page.get_by_role("button", name="Make a token")).to_have_count(0)
    await expect(page.get_by_role("heading", name="Tokens")).to_have_count(0)


@pytest.mark.parametrize("way", ["collector", "openobserve", "curl"])
async def test_it_is_accessible_and_fits_a_phone(site: Site, open_page: Open, way: str) -> None:
    for size, scheme in (((1440, 900), "light"), (PHONE, "dark")):
        page = await open_page(site, f"/setup?way={way}", size=size, scheme=scheme)
        await expect(page.get_by_role("tabpanel")).to_be_visible()
        assert await violations(page) == []
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
