"""The list of evaluators: the worst first, what can be done to each, and the gallery to begin from."""

import re
import time

import pytest
from playwright.async_api import Locator, Page, expect

from tests.ui.looking import DESKTOP, PHONE, Open, answering, violations
from tests.ui.scenes import BAD, POLITE, chats, prepared
from tests.ui.site import Site, span

RUDE = POLITE | {"name": "rudeness", "acceptance": {"pass_when": False}}
IDLE = POLITE | {"name": "idle", "scope": {"services": ["elsewhere"], "sampling": 40}}


async def judged(site: Site, count: int) -> None:
    """Wait for so many results of all evaluators together."""

    async def enough() -> bool:
        rows = (await site.api("GET", "/evaluators"))["items"]
        return sum(row["figures"]["passed"] + row["figures"]["failed"] for row in rows) >= count

    await site.until(enough)


def row(page: Page, name: str) -> Locator:
    return page.get_by_role("row").filter(has=page.get_by_role("link", name=name, exact=True))


async def choose(page: Page, name: str, entry: str) -> None:
    """An entry of the menu of a row."""
    await page.get_by_role("button", name=f"Actions of {name}").last.click()
    await page.get_by_role("menuitem", name=entry).click()


async def test_the_worst_comes_first_with_its_figures(site: Site, open_page: Open) -> None:
    await prepared(site, POLITE, RUDE, IDLE)
    await chats(site, ["It arrives on Monday.", "Here you are.", f"Go away, {BAD}."])
    await judged(site, 6)
    page = await open_page(site, "/evaluators")
    names = page.locator("table.table tbody tr td:first-child a")
    await expect(names).to_have_text(["rudeness", "politeness", "idle"])
    await expect(row(page, "rudeness")).to_contain_text("33.3%")
    await expect(row(page, "politeness")).to_contain_text("66.7%")
    await expect(row(page, "politeness")).to_contain_text("Published")
    await expect(row(page, "politeness")).to_contain_text("boolean, span")
    await expect(row(page, "idle")).to_contain_text("no results")
    await expect(row(page, "idle")).to_contain_text("40%")

    await page.get_by_role("button", name="Evaluator", exact=True).click()
    await expect(names).to_have_text(["idle", "politeness", "rudeness"])
    await expect(page).to_have_url(re.compile("sort=name"))


async def test_a_failure_is_named_and_leads_to_its_results(site: Site, open_page: Open) -> None:
    await prepared(site, POLITE)
    await chats(site, ["REFUSED text."])

    async def failed() -> bool:
        return (await site.api("GET", "/evaluators"))["items"][0]["figures"]["none"] == 1

    await site.until(failed)
    page = await open_page(site, "/evaluators")
    link = row(page, "politeness").get_by_role("link", name="judge_refused")
    await expect(link).to_contain_text("1 × judge_refused")
    await expect(link).to_have_attribute("href", re.compile("evaluator=politeness&verdict=none"))


async def test_a_pause_can_be_taken_back(site: Site, open_page: Open) -> None:
    await site.publish(POLITE)
    page = await open_page(site, "/evaluators")
    await choose(page, "politeness", "Pause")
    await expect(row(page, "politeness")).to_contain_text("Paused")
    assert (await site.api("GET", "/evaluators/politeness"))["status"] == "paused"
    await page.get_by_role("button", name="Undo").click()
    await expect(row(page, "politeness")).to_contain_text("Published")
    assert (await site.api("GET", "/evaluators/politeness"))["status"] == "published"


async def test_archiving_is_asked_for_in_numbers(site: Site, open_page: Open) -> None:
    await prepared(site, POLITE)
    await chats(site, ["It arrives on Monday.", "Here you are."])
    await judged(site, 2)
    page = await open_page(site, "/evaluators")
    await choose(page, "politeness", "Archive …")
    dialog = page.get_by_role("dialog", name="Archive politeness?")
    await expect(dialog).to_contain_text("2 results")
    await dialog.get_by_role("button", name="Archive", exact=True).click()
    await expect(dialog).to_be_hidden()
    await expect(row(page, "politeness")).to_have_count(0)

    await page.get_by_role("group", name="Status").get_by_role("button", name="Archived").click()
    await expect(row(page, "politeness")).to_contain_text("Archived")
    await choose(page, "politeness", "Publish again")
    await expect(page.get_by_text("No evaluator is archived")).to_be_visible()
    assert (await site.api("GET", "/evaluators/politeness"))["status"] == "published"


async def test_the_gallery_has_every_built_in_and_can_be_searched(site: Site, open_page: Open) -> None:
    page = await open_page(site, "/evaluators")
    await expect(page.get_by_text("There is no evaluator yet")).to_be_visible()
    gallery = page.get_by_role("region", name="Gallery")
    cards = gallery.get_by_role("link")
    await expect(cards).to_have_count(24)
    await expect(gallery.get_by_role("button", name="Templates 9")).to_be_visible()
    await gallery.get_by_role("button", name="Metrics 6").click()
    await expect(cards).to_have_count(7)
    await gallery.get_by_role("button", name="All 23").click()
    await page.keyboard.press("/")
    await page.keyboard.type("injection")
    await expect(cards).to_have_text([re.compile("from scratch"), re.compile("Prompt injection")])
    await page.get_by_role("searchbox").fill("no such thing")
    await expect(gallery).to_contain_text("Nothing in the gallery fits “no such thing”")


async def test_a_file_is_read_before_it_is_opened(site: Site, open_page: Open) -> None:
    page = await open_page(site, "/evaluators")
    await page.get_by_role("button", name="Import YAML").click()
    dialog = page.get_by_role("dialog", name="Import an evaluator file")
    text = dialog.get_by_label("Evaluator file")
    await text.fill("name: tone\nrubrik: Is it kind?\n")
    await dialog.get_by_role("button", name="Open in the editor").click()
    await expect(dialog).to_contain_text("did you mean “rubric”?")
    await expect(text).to_have_value("name: tone\nrubrik: Is it kind?\n")
    await text.fill(
        "name: tone\nrubric: Is it kind?\nanswer: {type: boolean}\nacceptance: {pass_when: true}\n"
    )
    await dialog.get_by_role("button", name="Open in the editor").click()
    await expect(page.get_by_role("heading", name="tone")).to_be_visible()
    await expect(page.get_by_role("textbox", name="Rubric")).to_contain_text("Is it kind?")
    assert (await site.api("GET", "/evaluators"))["items"] == []


async def test_stored_spans_are_judged_with_their_price_shown_first(site: Site, open_page: Open) -> None:
    for number in range(1, 6):
        await site.send(span(number, start_s=time.time() - 60 * number))
    await prepared(site, POLITE)
    page = await open_page(site, "/evaluators")
    await choose(page, "politeness", "Judge stored spans …")
    dialog = page.get_by_role("dialog", name="Judge stored spans with politeness")
    await expect(dialog).to_contain_text("5 spans, 0 judged already")
    cap = dialog.get_by_label("No more than")
    await cap.fill("many")
    await expect(dialog).to_contain_text("Write a whole number from 1 to 1,000,000")
    await expect(dialog.get_by_role("button", name="Judge", exact=True)).to_be_disabled()
    await cap.fill("3")
    start = dialog.get_by_role("button", name=re.compile(r"Judge 3 spans, about \$"))
    await expect(start).to_be_enabled()
    await start.click()
    await expect(dialog).to_be_hidden()
    await expect(page.get_by_role("listitem").filter(has_text="politeness")).to_contain_text("3 of 3")
    await judged(site, 3)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_nobody_is_left_out(site: Site, open_page: Open, scheme: str, size: tuple[int, int]) -> None:
    await prepared(site, POLITE, RUDE)
    await chats(site, ["It arrives on Monday.", f"Go away, {BAD}."])
    await judged(site, 4)
    page = await open_page(site, "/evaluators", scheme=scheme, size=size)
    await expect(page.get_by_role("link", name="politeness", exact=True)).to_be_visible()
    await expect(page.get_by_role("heading", name="Prompt injection")).to_be_visible()
    assert await violations(page) == []
    await page.get_by_role("button", name="Actions of politeness").locator("visible=true").click()
    async with answering(page, "/backfills/preview", "POST"):
        await page.get_by_role("menuitem", name="Judge stored spans …").click()
    await expect(page.get_by_role("dialog")).to_contain_text("Cost")
    assert await violations(page) == []
