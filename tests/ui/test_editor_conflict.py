"""Two people edit one evaluator: the second is shown both, and nothing is lost."""

import re
from typing import Any

from playwright.async_api import Page, expect

from tests.ui.looking import Open, violations
from tests.ui.scenes import POLITE
from tests.ui.site import Site

THEIRS = "Is the answer polite, also to the rude?"
MINE = "Is every sentence polite?"


def refused(trouble: str) -> bool:
    """The browser itself writes every refusal into its console."""
    return "409" in trouble


async def they_save(site: Site, **changes: Any) -> None:
    """Somebody else saves a draft."""
    stored = await site.api("GET", "/evaluators/politeness")
    body = {
        "definition": (stored["draft"] or stored["published"]) | changes,
        "base_version": stored["draft_version"] or stored["published_version"],
    }
    await site.api("PUT", "/evaluators/politeness", body)


async def hears(page: Page) -> None:
    """Until the page is told of changes: a stream that is asked for later is open."""
    await page.evaluate(
        """() => new Promise((done) => {
            const stream = new EventSource("/api/v1/events");
            stream.addEventListener("open", () => { stream.close(); done(); }, {once: true});
        })"""
    )


async def both_edit(site: Site, open_page: Open) -> Page:
    """A page with work of its own, and a newer version in the store that the page has not heard of."""
    await site.publish(POLITE)
    page = await open_page(site, "/evaluators/politeness", expected=refused)
    await page.get_by_label("Description").fill(MINE)
    await hears(page)
    await they_save(site, description=THEIRS, needs=["output"])
    return page


async def test_both_are_shown_and_mine_is_kept(site: Site, open_page: Open) -> None:
    page = await both_edit(site, open_page)
    await page.keyboard.press("ControlOrMeta+s")
    dialog = page.get_by_role("dialog", name="politeness was saved by somebody else")
    await expect(dialog).to_contain_text("Both changed description.")
    theirs = dialog.get_by_role("region", name="What they changed").first
    await expect(theirs).to_contain_text(THEIRS)
    await expect(theirs).to_contain_text("needs")
    mine = dialog.get_by_role("region", name="What you changed").first
    await expect(mine).to_contain_text(MINE)
    await expect(mine).not_to_contain_text("needs")
    assert await violations(page) == []

    await dialog.get_by_role("button", name="Keep mine").click()
    await expect(dialog).to_be_hidden()
    stored = await site.api("GET", "/evaluators/politeness")
    assert stored["draft"]["description"] == MINE
    said = [
        await site.api("GET", f"/evaluators/politeness/versions/{one['number']}")
        for one in stored["versions"]
    ]
    assert THEIRS in [one["description"] for one in said]


async def test_theirs_is_taken_and_mine_comes_back_with_undo(site: Site, open_page: Open) -> None:
    page = await both_edit(site, open_page)
    await page.get_by_role("button", name="Save draft").click()
    dialog = page.get_by_role("dialog", name="politeness was saved by somebody else")
    await dialog.get_by_role("button", name="Take theirs").click()
    await expect(dialog).to_be_hidden()
    await expect(page.get_by_label("Description")).to_have_value(THEIRS)
    await expect(page.get_by_role("button", name="Save draft")).to_be_disabled()
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_label("Description")).to_have_value(MINE)


async def test_closing_keeps_everything_as_it_was(site: Site, open_page: Open) -> None:
    page = await both_edit(site, open_page)
    await page.get_by_role("button", name="Save draft").click()
    dialog = page.get_by_role("dialog", name="politeness was saved by somebody else")
    await dialog.get_by_role("button", name="Keep editing").click()
    await expect(page.get_by_label("Description")).to_have_value(MINE)
    assert (await site.api("GET", "/evaluators/politeness"))["draft"]["description"] == THEIRS


async def test_it_is_said_before_saving_when_the_page_hears_of_it(site: Site, open_page: Open) -> None:
    page = await both_edit(site, open_page)
    await expect(page.get_by_text(re.compile("Somebody else saved v2 since you began"))).to_be_visible()
    await page.get_by_role("button", name="Compare").click()
    await expect(page.get_by_role("dialog")).to_contain_text(THEIRS)


async def test_what_others_save_shows_where_nothing_is_unsaved(site: Site, open_page: Open) -> None:
    await site.publish(POLITE)
    page = await open_page(site, "/evaluators/politeness")
    await expect(page.get_by_label("Description")).to_have_value(POLITE["description"])
    await hears(page)
    await they_save(site, description=THEIRS)
    await expect(page.get_by_label("Description")).to_have_value(THEIRS)
    await expect(page.get_by_text("draft of v2")).to_be_visible()
