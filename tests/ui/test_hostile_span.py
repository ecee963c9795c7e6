"""Whatever stands in a span is text: it is shown, and does nothing."""

import json
import re
import time

import pytest
from playwright.async_api import Page, expect

from tests.mock_judge import Behaviour
from tests.ui.looking import PHONE, Open
from tests.ui.scenes import POLITE, prepared
from tests.ui.site import Site, span

HTML = '<script>window.hurt=1</script><img src=x onerror="window.hurt=2"><b>bold</b><iframe src="https://evil.example/">'
LINK = '<a href="javascript:window.hurt=3">click</a> [click](javascript:window.hurt=4) ![](https://evil.example/a.png)'
CONTROL = "nul \x00 escape \x1b[31mred\x1b[0m bell \x07 override \u202egnp.exe"
ARABIC = "مواعيد العمل يوم الجمعة؟"
EMOJI = "👩🏽‍🚀🏳️‍🌈👨‍👩‍👧‍👦"
HUGE = "\n".join(f"line {number} " + "x" * 60 for number in range(8_000))
ZALGO = "Z" + "\u0301" * 200
TEMPLATE = "{{span.output}} ${7*7} {{constructor.constructor('window.hurt=5')()}} %s </textarea></style>"
WORDS = "\n".join((HTML, LINK, CONTROL, ARABIC, EMOJI, ZALGO, TEMPLATE, "y" * 50_000))


async def hostile(site: Site) -> None:
    """One span that is hostile wherever it can be, and a judge whose words are too."""
    await prepared(site, POLITE)
    site.judge.always(Behaviour(answer={"explanation": HTML + LINK + ARABIC, "value": False}))
    tools = [{"type": "function", "name": HTML, "description": LINK, "parameters": {"x": HTML}}]
    await site.send(
        span(
            1,
            service=HTML,
            name=HTML,
            input=WORDS,
            output=HUGE,
            start_s=time.time() - 30,
            attributes={
                "gen_ai.request.model": HTML,
                "gen_ai.conversation.id": "javascript:window.hurt=6",
                "gen_ai.tool.definitions": json.dumps(tools),
                HTML: LINK,
                "url.full": "javascript:window.hurt=7",
                "control": CONTROL,
                "deep": "[" * 5_000,
            },
        )
    )
    await site.judged(1)


async def unhurt(page: Page) -> None:
    """No script ran, nothing of the span became an element, no link leads out."""
    assert await page.evaluate("window.hurt") is None
    assert await page.locator("iframe, img, object, embed, #root script").count() == 0
    addresses: list[str] = await page.eval_on_selector_all(
        "a[href]", "links => links.map((link) => link.getAttribute('href'))"
    )
    assert addresses
    assert all(re.match(r"[/#]|blob:", address) for address in addresses), addresses


@pytest.mark.parametrize("path", ["/traces", "/results", "/"])
async def test_lists_show_it_as_text(site: Site, open_page: Open, path: str) -> None:
    await hostile(site)
    page = await open_page(site, path)
    await expect(page.get_by_text("<script>window.hurt=1</script>").first).to_be_visible()
    await unhurt(page)
    assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize("tab", ["conversation", "attributes", "evaluation"])
@pytest.mark.parametrize("size", [(1440, 900), PHONE])
async def test_a_span_shows_it_as_text(site: Site, open_page: Open, tab: str, size: tuple[int, int]) -> None:
    await hostile(site)
    page = await open_page(site, f"/traces/{1:032x}?tab={tab}", size=size)
    panel = page.get_by_role("tabpanel")
    await expect(panel.get_by_text("<script>window.hurt=1</script>").first).to_be_visible()
    await expect(page).to_have_title(re.compile("<script>"))
    await unhurt(page)
    assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


async def test_signs_that_cannot_be_seen_are_named(site: Site, open_page: Open) -> None:
    await hostile(site)
    page = await open_page(site, f"/traces/{1:032x}?tab=conversation")
    asked = page.get_by_role("region", name="User message")
    await expect(asked).to_contain_text("nul ⟨NUL⟩ escape ⟨ESC⟩[31mred⟨ESC⟩[0m")
    await expect(asked).to_contain_text("override ⟨202E⟩gnp.exe")
    await expect(asked).to_contain_text(ARABIC)
    await expect(asked).to_contain_text(EMOJI)


async def test_long_text_is_cut_and_shown_on_request(site: Site, open_page: Open) -> None:
    await hostile(site)
    page = await open_page(site, f"/traces/{1:032x}?tab=conversation")
    said = page.get_by_role("region", name="Assistant message")
    await expect(said).to_contain_text("line 19 ")
    await expect(said).not_to_contain_text("line 21 ")
    height = await said.evaluate("(element) => element.clientHeight")
    assert height < 700
    await said.get_by_role("button", name=re.compile("Show all")).click()
    await expect(said).to_contain_text("line 60 ")
    await said.get_by_role("button", name="Show less").click()
    await expect(said).not_to_contain_text("line 21 ")


async def test_the_session_of_a_hostile_name_is_only_a_filter(site: Site, open_page: Open) -> None:
    await hostile(site)
    page = await open_page(site, f"/traces/{1:032x}")
    await page.get_by_role("link", name="javascript:window.hurt=6").click()
    await expect(page).to_have_url(re.compile(r"/traces\?range=30d&session=javascript"))
    await expect(page.locator("[role=row][aria-rowindex]")).to_have_count(1)
    await unhurt(page)
