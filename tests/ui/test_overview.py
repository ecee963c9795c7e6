"""How good the answers are, at a glance; and how to begin."""

import re
import time

import pytest
from playwright.async_api import Route, expect

from tests.ui.looking import PHONE, Open, violations
from tests.ui.scenes import ACCURATE, BAD, POLITE, REFUSED, chats, prepared
from tests.ui.site import Site, span


def unavailable(trouble: str) -> bool:
    """The browser writes the answer that is made to fail into its console."""
    return "status of 503" in trouble


async def some(site: Site) -> None:
    """Politeness 3 of 4, accuracy 3 of 4, and one text the judge refuses."""
    await prepared(site)
    texts = ["It arrives on Monday.", "It was sent.", "It is here.", f"Go away, {BAD}.", f"{REFUSED} text."]
    await chats(site, texts)
    await site.judged(10)


async def test_an_empty_server_says_how_to_begin_and_fills_by_itself(site: Site, open_page: Open) -> None:
    page = await open_page(site)
    await expect(page.get_by_role("heading", name="Send a span, read a verdict")).to_be_visible()
    await expect(page.get_by_text(f"{site.address}/v1/traces")).to_be_visible()
    await expect(page.get_by_text("No evaluator is published yet")).to_be_visible()
    await page.get_by_role("tab", name="One span by hand").click()
    await expect(page.get_by_role("tabpanel")).to_contain_text("curl")
    await prepared(site, POLITE)
    await site.send(span(1, start_s=time.time() - 5))
    await expect(page.get_by_role("heading", name="Pass rate by evaluator")).to_be_visible()
    await expect(page.get_by_role("list", name="Evaluators with the lowest pass rate")).to_contain_text(
        "100%"
    )


async def test_figures_rates_and_newest_fails(site: Site, open_page: Open) -> None:
    await some(site)
    page = await open_page(site)
    figures = page.get_by_role("region", name="Figures in 24 hours")
    await expect(figures).to_contain_text("75.0%")
    await expect(figures.get_by_role("img", name="6 pass, 2 fail, 2 no verdict")).to_be_visible()
    lowest = page.get_by_role("list", name="Evaluators with the lowest pass rate").get_by_role("listitem")
    await expect(lowest).to_have_count(2)
    await expect(lowest.first).to_contain_text("75.0%")
    chart = page.get_by_role("group", name=re.compile("Pass rate by evaluator in 24 hours"))
    await expect(chart).to_contain_text("accuracy")
    fails = page.get_by_role("list", name="Newest fails").get_by_role("listitem")
    await expect(fails).to_have_count(2)
    await expect(fails.filter(has_text="accuracy")).to_contain_text("0.25")
    await fails.filter(has_text="accuracy").get_by_role("link").click()
    await expect(page).to_have_url(re.compile(rf"/traces/{4:032x}\?span={4:016x}&tab=evaluation&result="))


async def test_every_number_leads_somewhere(site: Site, open_page: Open) -> None:
    await some(site)
    page = await open_page(site)
    for name, address in (
        ("2 fail", "/results?verdict=fail"),
        ("2 no verdict", "/results?verdict=none"),
        ("Failures by code", "/results?verdict=none"),
    ):
        target = page.get_by_role("link", name=name, exact=True)
        await expect(target).to_have_attribute("href", address)
    all_fails = page.locator("section", has_text="Newest fails").get_by_role("link", name="All 2")
    await expect(all_fails).to_have_attribute("href", "/results?verdict=fail")
    codes = page.get_by_label("Failures of 24 hours")
    await expect(codes).to_contain_text("judge_refused")
    await codes.get_by_role("link").click()
    await expect(page).to_have_url(re.compile("/results.*code=judge_refused"))


async def test_new_results_come_in_by_themselves(site: Site, open_page: Open) -> None:
    await some(site)
    page = await open_page(site)
    fails = page.get_by_role("list", name="Newest fails").get_by_role("listitem")
    await expect(fails).to_have_count(2)
    await chats(site, [f"No, {BAD}."], first=50, ago_s=2)
    await expect(fails).to_have_count(4)
    await expect(page.get_by_role("region", name="Figures in 24 hours")).to_contain_text("60.0%")


async def test_one_service_is_looked_at_and_back_undoes_it(site: Site, open_page: Open) -> None:
    await some(site)
    await chats(site, ["It is booked."], first=60, service="travel-desk")
    await site.judged(12)
    page = await open_page(site)
    await page.get_by_role("button", name="All services").click()
    await page.get_by_role("menuitemcheckbox", name="travel-desk").click()
    await expect(page).to_have_url(re.compile("service=travel-desk"))
    figures = page.get_by_role("region", name="Figures in 24 hours")
    await expect(figures).to_contain_text("100%")
    await page.go_back()
    await expect(figures).to_contain_text("80.0%")
    await page.get_by_role("button", name="1 h", exact=True).click()
    await expect(page.get_by_role("region", name="Figures in 1 hour")).to_contain_text("80.0%")


async def test_a_paused_evaluator_is_told_and_leads_to_it(site: Site, open_page: Open) -> None:
    await some(site)
    await site.api("POST", "/evaluators/accuracy/pause", {"reason": "the rubric is being rewritten"})
    page = await open_page(site)
    await expect(page.get_by_text("accuracy is paused")).to_be_visible()
    await expect(page.get_by_text("the rubric is being rewritten")).to_be_visible()
    await page.get_by_role("link", name="Open evaluator").click()
    await expect(page).to_have_url(re.compile("/evaluators/accuracy"))


async def test_a_panel_that_cannot_load_fails_alone(site: Site, open_page: Open) -> None:
    await some(site)
    page = await open_page(site, "/setup", expected=unavailable)
    problem = '{"status": 503, "detail": "The store is busy."}'

    async def busy(route: Route) -> None:
        await route.fulfill(status=503, content_type="application/problem+json", body=problem)

    await page.route("**/api/v1/results?*", busy)
    await page.keyboard.press("g")
    await page.keyboard.press("o")
    alert = page.get_by_role("alert")
    await expect(alert).to_contain_text("The store is busy.")
    await expect(alert).to_have_count(1)
    await expect(page.get_by_role("list", name="Evaluators with the lowest pass rate")).to_be_visible()
    await page.unroute("**/api/v1/results?*")
    await alert.get_by_role("button", name="Try again").click()
    await expect(page.get_by_role("list", name="Newest fails")).to_be_visible()


async def test_the_chart_is_read_by_keyboard(site: Site, open_page: Open) -> None:
    await some(site)
    page = await open_page(site)
    chart = page.get_by_role("group", name=re.compile("Pass rate by evaluator"))
    await chart.focus()
    tip = chart.get_by_role("status")
    seen: list[str] = []
    for _ in range(3):
        await page.keyboard.press("ArrowLeft")
        await expect(tip).to_contain_text(re.compile(r"\d of \d fail|nothing judged"))
        seen.append(await tip.inner_text())
    assert len(set(seen)) == 3
    assert "fail" in seen[0] + seen[1]
    await page.keyboard.press("Escape")
    await expect(tip).to_have_count(0)


async def test_keys_lead_to_pages_and_are_listed(site: Site, open_page: Open) -> None:
    page = await open_page(site)
    await page.get_by_role("heading", name="Send a span, read a verdict").wait_for()
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog", name="Keys")).to_contain_text("Evaluators")
    await page.keyboard.press("g")
    await page.keyboard.press("u")
    await expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.keyboard.press("g")
    await page.keyboard.press("u")
    await expect(page).to_have_url(f"{site.address}/usage")


async def test_the_theme_that_was_chosen_is_kept(site: Site, open_page: Open) -> None:
    page = await open_page(site)
    background = "getComputedStyle(document.body).backgroundColor"
    light = await page.evaluate(background)
    await page.get_by_role("button", name="Dark theme").click()
    dark = await page.evaluate(background)
    assert dark != light
    await page.reload()
    await expect(page.get_by_role("button", name="Light theme")).to_be_visible()
    assert await page.evaluate(background) == dark


async def test_on_a_phone_everything_is_reached(site: Site, open_page: Open) -> None:
    await some(site)
    page = await open_page(site, size=PHONE)
    await expect(page.get_by_role("list", name="Newest fails")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.get_by_role("button", name="More").click()
    await page.get_by_role("dialog").get_by_role("link", name="Usage").click()
    await expect(page).to_have_url(f"{site.address}/usage")
    await expect(page.get_by_role("dialog")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_it_is_accessible(site: Site, open_page: Open, scheme: str) -> None:
    empty = await open_page(site, scheme=scheme)
    await expect(empty.get_by_role("heading", name="Send a span, read a verdict")).to_be_visible()
    await expect(empty.get_by_role("tabpanel")).to_be_visible()
    assert await violations(empty) == []
    await prepared(site, POLITE, ACCURATE)
    await chats(site, ["Fine.", f"{BAD}", f"{REFUSED}"])
    await site.judged(6)
    page = await open_page(site, scheme=scheme)
    await expect(page.get_by_role("list", name="Newest fails")).to_be_visible()
    assert await violations(page) == []


async def test_nothing_of_the_first_load_is_too_heavy(site: Site, open_page: Open) -> None:
    page = await open_page(site)
    await expect(page.get_by_role("heading", name="Send a span, read a verdict")).to_be_visible()
    sizes = await page.evaluate(
        "performance.getEntriesByType('resource').filter((one) => !one.name.includes('/api/'))"
        ".map((one) => one.encodedBodySize)"
    )
    assert 0 < sum(sizes) < 250_000, "is it built by `npm run package`, which compresses it?"
