"""Results across evaluators: filtered, summed up, exported, and opened where they belong."""

import csv
import io
import json
import re

import pytest
from playwright.async_api import expect

from tests.mock_judge import Behaviour
from tests.ui.looking import DESKTOP, PHONE, Open, violations
from tests.ui.scenes import BAD, REFUSED, chats, prepared
from tests.ui.site import Site

ROWS = "[role=grid] [role=row][aria-rowindex]"


async def some(site: Site) -> None:
    """Two passes, two fails, two failures."""
    await prepared(site)
    await chats(site, ["It arrives on Monday.", f"Go away, {BAD}.", f"{REFUSED} text."])
    await site.judged(6)


async def test_results_are_listed_and_narrowed_by_verdict_and_code(site: Site, open_page: Open) -> None:
    await some(site)
    page = await open_page(site, "/results")
    rows = page.locator(ROWS)
    await expect(rows).to_have_count(6)
    await expect(page.get_by_role("button", name="Fail 2")).to_be_visible()
    await page.get_by_role("button", name="Fail 2").click()
    await expect(rows).to_have_count(2)
    await expect(rows.filter(has_text="accuracy")).to_contain_text("0.25")
    await expect(rows.filter(has_text="politeness")).to_contain_text("false")
    await expect(rows.first).to_contain_text("It says so in the text.")

    await page.get_by_role("list", name="No verdict, by code").get_by_role("button").click()
    await expect(page).to_have_url(
        re.compile("verdict=none&code=judge_refused|code=judge_refused&verdict=none")
    )
    await expect(rows).to_have_count(2)
    await expect(rows.first).to_contain_text("judge_refused")
    await page.go_back()
    await page.go_back()
    await expect(rows).to_have_count(6)


async def test_a_row_opens_the_evaluation_of_its_span(site: Site, open_page: Open) -> None:
    await some(site)
    page = await open_page(site, "/results?verdict=fail&evaluator=accuracy")
    await expect(page.locator(ROWS)).to_have_count(1)
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile(rf"/traces/{2:032x}\?span={2:016x}&tab=evaluation&result="))
    await expect(page.get_by_role("article", name="accuracy")).to_have_class(re.compile("chosen"))
    await page.keyboard.press("Escape")
    await expect(page).to_have_url(re.compile(r"/results\?verdict=fail&evaluator=accuracy"))
    await expect(page.locator(ROWS)).to_have_count(1)


async def test_the_prompt_of_a_row_is_read_without_leaving_the_list(site: Site, open_page: Open) -> None:
    await some(site)
    page = await open_page(site, "/results?verdict=fail&evaluator=accuracy")
    await expect(page.locator(ROWS)).to_have_count(1)
    await page.keyboard.press("j")
    await page.keyboard.press("p")
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("What accuracy asked")
    await expect(dialog).to_contain_text(f"Go away, {BAD}.")
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()


async def test_what_is_exported_is_what_the_filters_leave(site: Site, open_page: Open) -> None:
    await some(site)
    page = await open_page(site, "/results?verdict=fail")
    await expect(page.locator(ROWS)).to_have_count(2)
    await page.get_by_role("button", name="Export").click()
    async with page.expect_download() as started:
        await page.get_by_role("menuitem", name="CSV").click()
    text = (await (await started.value).path()).read_text(encoding="utf-8-sig")
    found = list(csv.DictReader(io.StringIO(text)))
    assert {row["evaluator"] for row in found} == {"accuracy", "politeness"}
    assert len(found) == 2

    await page.get_by_role("button", name="Export").click()
    async with page.expect_download() as started:
        await page.get_by_role("menuitem", name="JSONL").click()
    lines = (await (await started.value).path()).read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["outcome"] for line in lines] == ["fail", "fail"]


async def test_explanations_are_searched(site: Site, open_page: Open) -> None:
    await some(site)
    page = await open_page(site, "/results")
    await expect(page.locator(ROWS)).to_have_count(6)
    await page.keyboard.press("/")
    await page.keyboard.type("says so in")
    await expect(page.locator(ROWS)).to_have_count(4)


async def turned_round(site: Site) -> None:
    """One span that two evaluators passed, and that one of them fails when it is asked again."""
    await prepared(site)
    await chats(site, ["It arrives on Monday."])
    first = await site.judged(2)
    (polite,) = [one for one in first if one["evaluator"] == "politeness"]
    site.judge.always(Behaviour(answer={"explanation": "It is curt.", "value": False}))
    await site.api("POST", f"/results/{polite['id']}/retry")

    async def failed() -> bool:
        return bool((await site.api("GET", "/results?verdict=fail"))["items"])

    await site.until(failed)


async def test_answers_that_differ_stand_beside_each_other(site: Site, open_page: Open) -> None:
    await turned_round(site)
    page = await open_page(site, "/results")
    await expect(page.locator(ROWS)).to_have_count(2)
    await page.get_by_role("list", name="Changed their mind").get_by_role("button").click()
    await expect(page).to_have_url(re.compile(r"view=disagree&evaluator=politeness"))
    differing = page.get_by_role("region", name="Disagreements").get_by_role("list").first
    answers = differing.locator(".answers > li")
    await expect(answers).to_have_count(2)
    await expect(answers.nth(0).get_by_label("fail")).to_be_visible()
    await expect(answers.nth(0)).to_contain_text("It is curt.")
    await expect(answers.nth(1).get_by_label("pass")).to_be_visible()
    await expect(answers.nth(1)).to_contain_text("before")
    assert await violations(page) == []

    await page.get_by_role("button", name="Remove filter evaluator").click()
    await page.get_by_role("button", name="Evaluators on one span").click()
    await expect(answers).to_have_count(2)
    await expect(answers.nth(0)).to_contain_text("politeness")
    await expect(answers.nth(1)).to_contain_text("accuracy")
    await answers.nth(0).get_by_role("link").click()
    await expect(page.get_by_role("article", name="politeness")).to_have_class(re.compile("chosen"))
    await page.keyboard.press("Escape")
    await expect(page).to_have_url(re.compile(r"view=disagree&differ=evaluators"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE])
async def test_everybody_can_use_it(site: Site, open_page: Open, scheme: str, size: tuple[int, int]) -> None:
    await some(site)
    page = await open_page(site, "/results", scheme=scheme, size=size)
    await expect(page.locator(ROWS)).to_have_count(6)
    assert await violations(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
