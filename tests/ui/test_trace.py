"""A trace: its tree, and for a span what was said, its attributes, and what every evaluator says."""

import json
import re
import time

import pytest
from playwright.async_api import expect

from tests.mock_judge import Behaviour
from tests.ui.looking import DESKTOP, PHONE, Open, violations
from tests.ui.scenes import ACCURATE, BAD, ELSEWHERE, NEVER, POLITE, REFUSED, agent_trace, chats, prepared
from tests.ui.site import Site

TRACE = f"/traces/{1:032x}"
LAST = f"{1:08x}{5:08x}"


async def an_agent(site: Site, output: str = f"Go away, {BAD}.") -> None:
    """A trace of five spans, two of them calls; the last is judged by two evaluators, others leave it."""
    await prepared(site, POLITE, ACCURATE, ELSEWHERE, NEVER)
    await site.send(agent_trace(1, start_s=time.time() - 60, output=output))
    await site.judged(2)


async def test_the_worst_span_is_shown_with_what_every_evaluator_says(site: Site, open_page: Open) -> None:
    await an_agent(site)
    page = await open_page(site, TRACE)
    items = page.get_by_role("treeitem")
    await expect(items).to_have_count(5)
    await expect(page.get_by_role("treeitem", selected=True)).to_have_attribute("data-span", LAST)
    await expect(page.get_by_role("tab", name="Evaluation")).to_have_attribute("aria-selected", "true")

    accuracy = page.get_by_role("article", name="accuracy")
    await expect(accuracy).to_contain_text("Fail")
    await expect(accuracy).to_contain_text("0.25")
    await expect(accuracy).to_contain_text("It says so in the text.")
    stored = (await site.api("GET", "/results?evaluator=accuracy&verdict=fail"))["items"][0]
    await expect(accuracy).to_contain_text(stored["judge_model"])
    await expect(accuracy).to_contain_text("tokens")
    await expect(accuracy.get_by_role("img", name=re.compile("0.25 on a scale from 0 to 1"))).to_be_visible()
    await expect(accuracy.get_by_role("link", name="accuracy")).to_have_attribute(
        "href", "/evaluators/accuracy"
    )
    politeness = page.get_by_role("article", name="politeness")
    await expect(politeness).to_contain_text("false")

    others = page.get_by_text("2 evaluators did not judge this span")
    await expect(others).to_be_visible()
    rarely = page.get_by_role("listitem").filter(has_text="rarely")
    await expect(rarely).to_contain_text("Sampled out")
    elsewhere = page.get_by_role("listitem").filter(has_text="elsewhere")
    await expect(elsewhere).to_contain_text("Not matched")
    await expect(elsewhere).to_contain_text("travel-desk")


async def test_the_exact_prompt_is_loaded_when_asked_for(site: Site, open_page: Open) -> None:
    await an_agent(site)
    page = await open_page(site, TRACE)
    await expect(page.get_by_role("article", name="accuracy")).to_be_visible()
    await page.keyboard.press("p")
    card = page.get_by_role("article").first
    await expect(card.get_by_text("Go away, BAD.")).to_be_visible()
    await expect(card.locator(".fence").first).to_be_visible()


async def test_a_span_that_was_left_out_is_judged_on_request(site: Site, open_page: Open) -> None:
    await an_agent(site)
    page = await open_page(site, TRACE)
    await page.get_by_role("button", name="Judge now: rarely").click()
    card = page.get_by_role("article", name="rarely")
    await expect(card).to_contain_text("Fail", timeout=20_000)
    await expect(page.get_by_text("1 evaluator did not judge this span")).to_be_visible()


async def test_why_an_evaluator_left_it_is_looked_into_with_the_span_at_hand(
    site: Site, open_page: Open
) -> None:
    await an_agent(site)
    page = await open_page(site, TRACE)
    await page.get_by_role("link", name="Edit: elsewhere").click()
    trial = page.get_by_role("complementary", name="Try on real spans")
    await expect(trial.get_by_role("row").nth(1)).to_contain_text("Where is my parcel?")
    await page.keyboard.press("ControlOrMeta+Enter")
    await expect(trial).to_contain_text("1 of 1 done")


async def test_a_failure_says_why_and_can_be_judged_again(site: Site, open_page: Open) -> None:
    await an_agent(site, output=f"{REFUSED} text.")
    page = await open_page(site, TRACE)
    card = page.get_by_role("article", name="politeness")
    await expect(card).to_contain_text("No verdict")
    await expect(card).to_contain_text("judge_refused")
    site.judge.always(Behaviour())
    await card.get_by_role("button", name="Judge again").click()
    await expect(card).to_contain_text("Pass", timeout=20_000)


async def test_the_conversation_has_roles_tools_and_their_arguments(site: Site, open_page: Open) -> None:
    await an_agent(site)
    page = await open_page(site, f"{TRACE}?span={1:08x}{3:08x}&tab=conversation")
    await expect(page.get_by_role("region", name="System message")).to_contain_text("support of a shoe shop")
    await expect(page.get_by_role("region", name="User message")).to_contain_text("Where is my parcel?")
    said = page.get_by_role("region", name="Assistant message")
    await expect(said).to_contain_text("called a tool")
    await expect(said).to_contain_text('{"order": "88123", "with": ["payments", "shipments"]}')


async def test_attributes_are_searched_and_copied(site: Site, open_page: Open) -> None:
    await an_agent(site)
    page = await open_page(site, f"{TRACE}?span={LAST}&tab=attributes")
    await expect(page.get_by_role("rowheader", name="gen_ai.request.model")).to_be_visible()
    await page.get_by_role("searchbox", name="Search attributes").fill("request")
    await expect(page.get_by_role("rowheader")).to_have_count(1)
    await page.get_by_role("row", name="gen_ai.request.model").hover()
    await page.get_by_role("button", name="Copy gen_ai.request.model").click()
    assert await page.evaluate("navigator.clipboard.readText()") == "gpt-4o"


async def test_the_tree_is_walked_by_keys_and_the_address_follows(site: Site, open_page: Open) -> None:
    await an_agent(site)
    page = await open_page(site, TRACE)
    chosen = page.get_by_role("treeitem", selected=True)
    await expect(chosen).to_have_attribute("data-span", LAST)
    await chosen.focus()
    await page.keyboard.press("Home")
    await expect(chosen).to_contain_text("support turn")
    await page.keyboard.press("ArrowRight")
    await expect(chosen).to_contain_text("invoke_agent")
    await page.keyboard.press("ArrowLeft")
    await expect(page.get_by_role("treeitem")).to_have_count(2)
    await expect(chosen).to_have_attribute("aria-expanded", "false")
    await page.keyboard.press("ArrowRight")
    await page.keyboard.press("ArrowRight")
    await expect(chosen).to_contain_text("chat")
    await expect(chosen).to_be_focused()
    await expect(page).to_have_url(re.compile(f"span={1:08x}{3:08x}"))
    await page.keyboard.press("2")
    await expect(page).to_have_url(re.compile("tab=attributes"))
    await page.reload()
    await expect(chosen).to_have_attribute("data-span", f"{1:08x}{3:08x}")
    await expect(page.get_by_role("tab", name="Attributes")).to_have_attribute("aria-selected", "true")


async def test_brackets_lead_to_the_traces_beside_it(site: Site, open_page: Open) -> None:
    await prepared(site)
    await chats(site, ["One.", "Two.", "Three."])
    page = await open_page(site, f"/traces/{2:032x}")
    await expect(page.get_by_role("tree")).to_be_visible()
    await page.keyboard.press("[")
    await expect(page).to_have_url(re.compile(rf"/traces/{3:032x}"))
    await expect(page.get_by_role("button", name="Trace above")).to_be_disabled()
    await page.keyboard.press("]")
    await page.keyboard.press("]")
    await expect(page).to_have_url(re.compile(rf"/traces/{1:032x}"))


async def test_no_key_is_lost_while_a_trace_is_on_its_way(site: Site, open_page: Open) -> None:
    await prepared(site)
    await chats(site, ["One.", "Two.", "Three.", "Four."])
    page = await open_page(site, f"/traces/{4:032x}")
    await expect(page.get_by_role("tree")).to_be_visible()
    for _ in range(3):
        await page.keyboard.press("]")
    await expect(page).to_have_url(re.compile(rf"/traces/{1:032x}"))
    await expect(page.get_by_role("button", name="Trace below")).to_be_disabled()
    await page.keyboard.press("]")
    await page.keyboard.press("[")
    await expect(page).to_have_url(re.compile(rf"/traces/{2:032x}"))


async def test_no_key_is_lost_between_spans_and_tabs(site: Site, open_page: Open) -> None:
    await an_agent(site)
    page = await open_page(site, f"{TRACE}?span={1:08x}{1:08x}")
    await expect(page.get_by_role("treeitem", selected=True)).to_have_attribute(
        "data-span", f"{1:08x}{1:08x}"
    )
    for key in ("j", "j", "j", "2", "k"):
        await page.keyboard.press(key)
    await expect(page).to_have_url(re.compile(f"span={1:08x}{3:08x}&tab=attributes"))


async def test_a_trace_is_saved_and_its_link_copied(site: Site, open_page: Open) -> None:
    await an_agent(site)
    page = await open_page(site, TRACE)
    await expect(page.get_by_role("tree")).to_be_visible()
    async with page.expect_download() as started:
        await page.get_by_role("button", name="Download as JSON").click()
    saved = json.loads((await (await started.value).path()).read_text(encoding="utf-8"))
    assert saved["trace_id"] == f"{1:032x}"
    assert len(saved["spans"]) == 5
    await page.get_by_role("button", name="Copy link").click()
    link = await page.evaluate("navigator.clipboard.readText()")
    assert link.endswith(f"{TRACE}?span={LAST}&tab=evaluation")


async def test_a_trace_that_is_not_there_says_so(site: Site, open_page: Open) -> None:
    def not_found(trouble: str) -> bool:
        return "404" in trouble

    page = await open_page(site, f"/traces/{9:032x}", expected=not_found)
    await expect(page.get_by_text("This trace is not stored")).to_be_visible()


async def test_on_a_phone_the_span_follows_its_tree(site: Site, open_page: Open) -> None:
    await an_agent(site)
    page = await open_page(site, TRACE, size=PHONE)
    tree = page.get_by_role("tree")
    span = page.get_by_role("region", name="Selected span")
    await expect(span).to_be_attached()
    above, below = await tree.bounding_box(), await span.bounding_box()
    assert above is not None
    assert below is not None
    assert below["y"] >= above["y"] + above["height"]
    assert below["width"] == PHONE[0]
    await page.get_by_role("treeitem").nth(2).click()
    await expect(span.get_by_role("tab", name="Conversation")).to_be_in_viewport()
    assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("tab", ["conversation", "attributes", "evaluation"])
async def test_everybody_can_use_it(site: Site, open_page: Open, scheme: str, tab: str) -> None:
    await an_agent(site)
    page = await open_page(site, f"{TRACE}?tab={tab}", scheme=scheme, size=DESKTOP)
    await expect(page.get_by_role("tabpanel")).to_contain_text(
        {"conversation": "Go away", "attributes": "gen_ai", "evaluation": "accuracy"}[tab]
    )
    assert await violations(page) == []
