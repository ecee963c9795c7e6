"""The list of traces: what is in it, how it is filtered and walked, and that it holds still."""

import re

import pytest
from playwright.async_api import expect

from tests.ui.looking import DESKTOP, PHONE, Open, violations
from tests.ui.scenes import BAD, REFUSED, chats, prepared
from tests.ui.site import Site

ROWS = "[role=grid] [role=row][aria-rowindex]"


async def some(site: Site) -> None:
    """A good trace, a bad one, and one that is not judged."""
    await prepared(site)
    await chats(site, ["It arrives on Monday.", f"Go away, {BAD}.", f"{REFUSED} text."])
    await site.judged(6)


async def test_the_worst_of_each_trace_is_seen_and_filtered(site: Site, open_page: Open) -> None:
    await some(site)
    page = await open_page(site, "/traces")
    rows = page.locator(ROWS)
    await expect(rows).to_have_count(3)
    refused, bad, good = rows.nth(0), rows.nth(1), rows.nth(2)
    await expect(good.get_by_label("pass")).to_be_visible()
    await expect(good).to_contain_text("2")
    await expect(bad).to_contain_text("politeness")
    await expect(bad).to_contain_text("accuracy")
    await expect(refused).to_contain_text("politeness")
    await expect(refused.get_by_label("no verdict").first).to_be_visible()

    await page.get_by_role("button", name="Has fail").click()
    await expect(rows).to_have_count(1)
    assert "verdict=fail" in page.url
    await page.get_by_role("button", name="No verdict", exact=True).click()
    await expect(rows.first).to_contain_text("politeness")
    await page.go_back()
    await expect(page).to_have_url(re.compile(r"verdict=fail"))
    await expect(rows).to_have_count(1)
    await expect(rows.first.get_by_label("fail").first).to_be_visible()
    await page.go_back()
    await expect(rows).to_have_count(3)


async def test_a_filter_is_completed_from_what_there_is(site: Site, open_page: Open) -> None:
    await prepared(site)
    await chats(site, ["One."], service="shop")
    await chats(site, ["Two."], first=2, service="travel-desk")
    await site.judged(4)
    page = await open_page(site, "/traces")
    await expect(page.locator(ROWS)).to_have_count(2)
    await page.keyboard.press("f")
    field = page.get_by_role("combobox", name="service is")
    await field.fill("tra")
    await expect(page.get_by_role("option", name="travel-desk")).to_be_visible()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(page.locator(ROWS)).to_have_count(1)
    await expect(page.locator(ROWS)).to_contain_text("travel-desk")
    assert "service=travel-desk" in page.url
    await page.get_by_role("button", name="Remove filter service").click()
    await expect(page.locator(ROWS)).to_have_count(2)


async def test_text_is_searched_in_what_was_said(site: Site, open_page: Open) -> None:
    await prepared(site)
    await chats(site, ["The zebra is striped.", "The horse is brown."])
    await site.judged(4)
    page = await open_page(site, "/traces")
    await expect(page.locator(ROWS)).to_have_count(2)
    await page.keyboard.press("/")
    await page.keyboard.type("ZEBRA")
    await expect(page.locator(ROWS)).to_have_count(1)
    await expect(page).to_have_url(re.compile("text=ZEBRA"))
    await page.keyboard.press("Escape")
    await expect(page.locator(ROWS)).to_have_count(2)


async def test_keys_walk_open_and_come_back(site: Site, open_page: Open) -> None:
    await some(site)
    page = await open_page(site, "/traces?verdict=fail&verdict=pass")
    rows = page.locator(ROWS)
    await expect(rows).to_have_count(2)
    await page.keyboard.press("j")
    await expect(rows.nth(0)).to_be_focused()
    await page.keyboard.press("j")
    await expect(rows.nth(1)).to_have_attribute("aria-selected", "true")
    await page.keyboard.press("ArrowUp")
    await expect(rows.nth(0)).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile(r"/traces/0+2"))
    await expect(page.get_by_role("tree")).to_be_visible()
    await page.keyboard.press("]")
    await expect(page).to_have_url(re.compile(r"/traces/0+1\b"))
    await page.keyboard.press("Escape")
    await expect(page).to_have_url(re.compile(r"verdict=fail&verdict=pass"))
    await expect(rows).to_have_count(2)


async def test_x_narrows_to_traces_like_the_chosen_one(site: Site, open_page: Open) -> None:
    await some(site)
    page = await open_page(site, "/traces")
    await expect(page.locator(ROWS)).to_have_count(3)
    await page.keyboard.press("j")
    await page.keyboard.press("j")
    await page.keyboard.press("x")
    await expect(page).to_have_url(re.compile(r"service=shop"))
    await expect(page).to_have_url(re.compile(r"verdict=fail"))
    await expect(page.locator(ROWS)).to_have_count(1)


async def test_new_rows_come_in_at_the_top_and_wait_while_one_is_read(site: Site, open_page: Open) -> None:
    await prepared(site)
    await chats(site, ["The first one."])
    await site.judged(2)
    page = await open_page(site, "/traces")
    rows = page.locator(ROWS)
    await expect(rows).to_have_count(1)
    await chats(site, ["The second one."], first=2, ago_s=10)
    await expect(rows).to_have_count(2)
    await expect(rows.first.get_by_label("pass")).to_be_visible()

    await page.keyboard.press("j")
    await page.keyboard.press("j")
    read = await rows.nth(1).bounding_box()
    await chats(site, ["The third one.", f"The fourth one, {BAD}."], first=3, ago_s=5)
    waiting = page.get_by_role("button", name="2 new traces")
    await expect(waiting).to_be_visible()
    await expect(rows).to_have_count(2)
    again = await rows.nth(1).bounding_box()
    assert again == read
    await page.keyboard.press("n")
    await expect(rows).to_have_count(4)
    await expect(rows.first.get_by_label("fail").first).to_be_visible()


async def test_rows_go_on_as_one_scrolls(site: Site, open_page: Open) -> None:
    await chats(site, [f"Answer {number}." for number in range(130)], ago_s=200)
    page = await open_page(site, "/traces")
    await expect(page.locator(ROWS).first).to_be_visible()
    shown = await page.locator(ROWS).count()
    assert shown < 60
    await page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    await expect(page.get_by_text("130 traces", exact=True)).to_be_visible()
    await page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    last = page.locator("[role=row][aria-rowindex='131']")
    await expect(last).to_be_visible()
    assert await page.locator(ROWS).count() < 80
    await last.click()
    await expect(page.get_by_role("tree")).to_be_visible()
    await page.go_back()
    await expect(last).to_be_visible()


async def test_three_kinds_of_nothing(site: Site, open_page: Open) -> None:
    page = await open_page(site, "/traces")
    await expect(page.get_by_text("No span has come yet")).to_be_visible()
    await expect(page.get_by_role("link", name="Send the first span")).to_have_attribute("href", "/setup")
    await chats(site, ["Three days old."], ago_s=3 * 86_400)
    await expect(page.get_by_text("No traces in 24 hours")).to_be_visible()
    await page.get_by_role("button", name="Show 7 d").click()
    await expect(page.locator(ROWS)).to_have_count(1)

    await page.goto("/traces?range=7d&service=shop&text=nowhere")
    await expect(page.get_by_text("No traces match all of these filters")).to_be_visible()
    await expect(page.get_by_text("Without “text is nowhere” there are some")).to_be_visible()
    await page.get_by_role("button", name="text is nowhere").click()
    await expect(page.locator(ROWS)).to_have_count(1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE])
async def test_everybody_can_use_it(site: Site, open_page: Open, scheme: str, size: tuple[int, int]) -> None:
    await some(site)
    page = await open_page(site, "/traces?service=shop", scheme=scheme, size=size)
    await expect(page.locator(ROWS)).to_have_count(3)
    assert await violations(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
