"""Signing in with a token, and out again."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.ui.looking import PHONE, Open, violations
from tests.ui.site import TOKEN, Site


def refused(trouble: str) -> bool:
    """The browser writes every refused request into its console; here they are meant."""
    return re.search(r"status of (401|403)", trouble) is not None


async def sign_in(page: Page, token: str) -> None:
    await page.get_by_label("Token", exact=True).fill(token)
    await page.get_by_role("button", name="Sign in").click()


async def test_whoever_is_not_signed_in_is_led_here_and_back_again(site: Site, open_page: Open) -> None:
    page = await open_page(site, "/usage?days=7", signed_in=False, expected=refused)
    await expect(page).to_have_url(re.compile(r"/sign-in\?to=%2Fusage%3Fdays%3D7"))
    await expect(page.get_by_label("Token", exact=True)).to_be_focused()
    await sign_in(page, TOKEN)
    await expect(page).to_have_url(f"{site.address}/usage?days=7")
    await expect(page.get_by_role("heading", name="Usage", exact=True)).to_be_visible()
    cookies = await page.context.cookies()
    assert [(one.get("httpOnly"), one.get("sameSite")) for one in cookies] == [(True, "Strict")]
    assert TOKEN not in str(cookies)
    assert await page.evaluate("Object.values(localStorage).join()") == ""


async def test_a_wrong_token_is_told_beside_the_field(site: Site, open_page: Open) -> None:
    page = await open_page(site, "/sign-in", signed_in=False, expected=refused)
    await sign_in(page, "not-the-token")
    field = page.get_by_label("Token", exact=True)
    await expect(field).to_have_attribute("aria-invalid", "true")
    await expect(field).to_have_accessible_description(re.compile("unknown, or has expired"))
    await expect(field).to_have_value("not-the-token")
    await expect(field).to_be_focused()
    await sign_in(page, TOKEN)
    await expect(page).to_have_url(f"{site.address}/")


async def test_a_token_that_may_only_send_is_refused_in_words(site: Site, open_page: Open) -> None:
    made = await site.api("POST", "/tokens", {"name": "collector", "scopes": ["ingest"]})
    page = await open_page(site, "/sign-in", signed_in=False, expected=refused)
    await sign_in(page, made["token"])
    await expect(page.get_by_label("Token", exact=True)).to_have_accessible_description(re.compile("read"))


@pytest.mark.parametrize("to", ["//evil.example/x", "https://evil.example", "/%5Cevil.example"])
async def test_it_never_leads_to_another_site(site: Site, open_page: Open, to: str) -> None:
    page = await open_page(site, f"/sign-in?to={to}", signed_in=False)
    await sign_in(page, TOKEN)
    await expect(page).to_have_url(f"{site.address}/")


async def test_a_link_with_the_token_signs_in_and_the_address_forgets_it(site: Site, open_page: Open) -> None:
    page = await open_page(site, f"/sign-in#token={TOKEN}", signed_in=False)
    await expect(page).to_have_url(f"{site.address}/")
    await page.go_back()
    assert TOKEN not in page.url


async def test_signing_out_ends_the_session(site: Site, open_page: Open) -> None:
    page = await open_page(site, "/setup", expected=refused)
    await page.get_by_role("button", name="Sign out").click()
    await expect(page).to_have_url(re.compile("/sign-in"))
    await expect(page.get_by_label("Token", exact=True)).to_be_visible()
    await page.goto("/setup")
    await expect(page).to_have_url(re.compile("/sign-in"))


async def test_a_session_that_ends_while_a_page_is_open_leads_to_sign_in(site: Site, open_page: Open) -> None:
    page = await open_page(site, "/usage", expected=refused)
    await expect(page.get_by_role("heading", name="Usage", exact=True)).to_be_visible()
    await page.context.clear_cookies()
    await page.get_by_role("button", name="7 d").click()
    await expect(page).to_have_url(re.compile(r"/sign-in\?to=%2Fusage%3Fdays%3D7"))
    await sign_in(page, TOKEN)
    await expect(page).to_have_url(f"{site.address}/usage?days=7")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_it_is_accessible(site: Site, open_page: Open, scheme: str) -> None:
    page = await open_page(site, "/sign-in", signed_in=False, scheme=scheme, size=PHONE)
    await expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert await violations(page) == []
