"""The editor: from the gallery to an evaluator that judges, and nothing lost on the way."""

import asyncio
import re
import time
from typing import Any

import pytest
from playwright.async_api import Locator, Page, Route, expect

from tests.mock_judge import Behaviour
from tests.ui.looking import DESKTOP, PHONE, Open, violations
from tests.ui.scenes import BAD, POLITE, REFUSED, chats, prepared
from tests.ui.site import Site, span

CATEGORY: dict[str, Any] = {
    "name": "refund_policy",
    "description": "Does the answer follow the refund policy?",
    "rubric": "FOLLOWS when the policy covers it.\nOTHER when it does not.\n",
    "answer": {
        "type": "category",
        "labels": [
            {"name": "FOLLOWS", "description": "the policy covers it"},
            {"name": "OTHER", "description": "it does not"},
        ],
    },
    "acceptance": {"pass_values": ["FOLLOWS"]},
}


def refused(trouble: str) -> bool:
    """The browser itself writes every refusal into its console."""
    return "409" in trouble or "422" in trouble


def code(page: Page, name: str) -> Locator:
    """A text editor by its label."""
    return page.get_by_role("textbox", name=name, exact=True)


async def write(page: Page, name: str, text: str) -> None:
    """Replaces the text of a text editor, as somebody who pastes."""
    await code(page, name).click()
    await page.keyboard.press("ControlOrMeta+a")
    await page.keyboard.insert_text(text)


async def kept(page: Page) -> None:
    """Until this browser keeps what was written."""
    await expect(page.get_by_text("Kept in this browser")).to_be_visible()


async def test_from_the_gallery_to_an_evaluator_that_judges(site: Site, open_page: Open) -> None:
    await chats(site, ["It arrives on Monday."])
    page = await open_page(site, "/evaluators")
    await page.get_by_role("link", name=re.compile("^Failure answer category|^Failure answer in")).click()
    await expect(page).to_have_url(re.compile(r"/evaluators/new\?from=templates%2Ffailure_answer$"))
    await expect(page.get_by_label("Name", exact=True)).to_have_value("failure_answer")
    await page.get_by_label("Name", exact=True).fill("answered")
    await page.get_by_role("combobox", name="Add a service").fill("shop")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status").filter(has_text="of shop")).to_contain_text("1 judged")

    await page.get_by_role("button", name="Publish v1 …").click()
    dialog = page.get_by_role("dialog", name="Publish answered v1?")
    await expect(dialog).to_contain_text("about 1 span")
    await expect(dialog).to_contain_text("not tried on a span")
    await dialog.get_by_role("button", name="Publish v1").click()
    await expect(page).to_have_url(re.compile("/evaluators/answered$"))
    await expect(page.get_by_text("v1 published")).to_be_visible()

    await chats(site, ["Here is your label."], first=2)

    async def judged() -> bool:
        figures = (await site.api("GET", "/evaluators"))["items"][0]["figures"]
        return figures["passed"] + figures["failed"] + figures["valued"] == 1

    await site.until(judged)


async def test_unsaved_work_outlives_a_reload_and_can_be_let_go(site: Site, open_page: Open) -> None:
    await site.publish(CATEGORY)
    page = await open_page(site, "/evaluators/refund_policy")
    await page.get_by_label("Description").fill("Something better")
    await write(page, "Rubric", "FOLLOWS when all of it is covered.")
    await page.get_by_label("Sampling", exact=True).last.fill("4o")
    await kept(page)
    await page.reload()
    await expect(page.get_by_text("This is unsaved work of this browser")).to_be_visible()
    await expect(page.get_by_label("Description")).to_have_value("Something better")
    await expect(code(page, "Rubric")).to_have_text("FOLLOWS when all of it is covered.")
    sampling = page.get_by_label("Sampling", exact=True).last
    await expect(sampling).to_have_value("4o")
    await expect(sampling).to_have_accessible_description(re.compile("Is not a number"))

    await page.get_by_role("button", name="Discard it").click()
    await expect(page.get_by_label("Description")).to_have_value(CATEGORY["description"])
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_label("Description")).to_have_value("Something better")


async def test_what_is_wrong_stands_beside_its_field_and_publish_leads_there(
    site: Site, open_page: Open
) -> None:
    await site.publish(CATEGORY)
    page = await open_page(site, "/evaluators/refund_policy")
    await page.get_by_role("button", name="Label", exact=True).click()
    third = page.get_by_label("Label 3", exact=True)
    await expect(third).to_be_focused()
    await third.fill("OTHER")
    await expect(third).to_have_attribute("aria-invalid", "true")
    await expect(third).to_have_accessible_description(re.compile("give each label its own name"))
    await expect(page.get_by_role("button", name="1 to fix")).to_be_visible()

    await page.get_by_role("button", name="Rule", exact=True).click()
    await expect(page.get_by_role("button", name="2 to fix")).to_be_visible()
    await page.get_by_role("button", name="Publish v2 …").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(page.get_by_role("combobox", name="Attribute of rule 1")).to_be_focused()
    await page.get_by_role("button", name="Remove rule 1").click()
    await page.get_by_role("button", name="Publish v2 …").click()
    await expect(third).to_be_focused()
    await third.fill("UNSURE")
    await expect(page.get_by_text("to fix")).to_have_count(0)
    await expect(third).not_to_have_attribute("aria-invalid", "true")


async def test_a_name_that_is_taken_is_said_beside_it_and_nothing_is_lost(
    site: Site, open_page: Open
) -> None:
    await site.publish(CATEGORY)
    page = await open_page(site, "/evaluators/new", expected=refused)
    await page.get_by_label("Name", exact=True).fill("refund_policy")
    await page.get_by_label("Description").fill("Mine")
    await page.get_by_role("button", name="Save draft").click()
    name = page.get_by_label("Name", exact=True)
    await expect(name).to_have_accessible_description(re.compile("taken"))
    await expect(page.get_by_label("Description")).to_have_value("Mine")
    await name.fill("refund_policy_b")
    await expect(name).not_to_have_attribute("aria-invalid", "true")
    await page.get_by_role("button", name="Save draft").click()
    await expect(page).to_have_url(re.compile("/evaluators/refund_policy_b$"))
    assert (await site.api("GET", "/evaluators/refund_policy_b"))["status"] == "draft"


async def test_a_draft_is_tried_beside_what_is_published_and_nothing_is_stored(
    site: Site, open_page: Open
) -> None:
    await prepared(site, POLITE)
    await chats(site, ["It arrives on Monday.", f"Go away, {BAD}.", f"{REFUSED} text."])

    async def judged() -> bool:
        figures = (await site.api("GET", "/evaluators"))["items"][0]["figures"]
        return figures["passed"] + figures["failed"] + figures["none"] == 3

    await site.until(judged)
    before = (await site.api("GET", "/evaluators"))["items"][0]["figures"]
    page = await open_page(site, "/evaluators/politeness")
    trial = page.get_by_role("complementary", name="Try on real spans")
    await expect(trial.get_by_role("row")).to_have_count(4)
    await page.get_by_role("button", name="False passes").click()
    await page.keyboard.press("ControlOrMeta+Enter")
    await expect(trial).to_contain_text("3 of 3 done, 2 changed, 1 no verdict")
    rows = trial.get_by_role("row")
    good = rows.filter(has_text="It says so in the text.")
    await expect(good).to_have_count(2)
    await expect(rows.filter(has_text="changed")).to_have_count(2)
    refused = rows.filter(has_text="judge_refused")
    await expect(refused.locator(".verdict.none").last).to_contain_text("No verdict: judge_refused")
    await expect(refused.locator(".verdict.pass, .verdict.fail")).to_have_count(0)
    await expect(trial).to_contain_text(re.compile(r"\$0\.\d+, nothing is stored"))
    assert (await site.api("GET", "/evaluators"))["items"][0]["figures"] == before

    await page.get_by_label("Description").fill("Edited since")
    await expect(trial).to_contain_text("edited since, run again")


async def test_results_of_a_trial_appear_as_they_arrive(site: Site, open_page: Open) -> None:
    await chats(site, ["One.", "Two."])
    gate = asyncio.Event()
    site.judge.then(Behaviour(), Behaviour(until=gate))
    page = await open_page(site, "/evaluators/new?from=templates/failure_answer_boolean")
    trial = page.get_by_role("complementary", name="Try on real spans")
    await expect(trial.get_by_role("row")).to_have_count(3)
    await page.get_by_role("button", name="Run").click()
    await expect(trial).to_contain_text("1 of 2 done")
    await expect(trial.get_by_text("Being judged")).to_have_count(1)
    gate.set()
    await expect(trial).to_contain_text("2 of 2 done")


async def test_pasted_text_is_tried_too(site: Site, open_page: Open) -> None:
    await prepared(site, POLITE)
    page = await open_page(site, "/evaluators/politeness")
    trial = page.get_by_role("complementary", name="Try on real spans")
    await trial.get_by_role("button", name="Choose …").click()
    dialog = page.get_by_role("dialog", name="Spans to try on")
    await dialog.get_by_role("tab", name="Your text").click()
    await dialog.get_by_label("Output").fill(f"Go away, {BAD}.")
    await dialog.get_by_role("button", name="Add this text").click()
    await dialog.get_by_role("button", name="Use 1").click()
    await trial.get_by_role("button", name="Run").click()
    await expect(trial).to_contain_text("1 of 1 done")
    await expect(trial.locator(".verdict.fail")).to_contain_text("false")
    await expect(trial.get_by_role("list")).to_contain_text("Go away")


async def test_the_schema_of_the_answer_can_be_edited(site: Site, open_page: Open) -> None:
    await site.publish(CATEGORY)
    page = await open_page(site, "/evaluators/refund_policy", expected=refused)
    await page.get_by_role("button", name="JSON schema").click()
    schema = code(page, "JSON schema of the answer")
    await expect(schema).to_contain_text('"FOLLOWS"')
    written = await schema.inner_text()

    broken = written.replace('"FOLLOWS"', "FOLLOWS", 1)
    await write(page, "JSON schema of the answer", broken)
    await expect(schema).to_have_accessible_description(re.compile("This is not JSON: line"))
    await expect(page.get_by_role("button", name="1 to fix")).to_be_visible()
    await kept(page)
    await page.reload()
    await expect(schema).to_have_accessible_description(re.compile("This is not JSON: line"))
    await expect(schema).to_contain_text("FOLLOWS")

    await write(page, "JSON schema of the answer", '{"type": "object", "properties": {}}')
    await expect(schema).to_have_attribute("aria-invalid", "true")
    await expect(schema).not_to_have_accessible_description(re.compile("This is not JSON|being read"))

    await write(page, "JSON schema of the answer", written.replace("FOLLOWS", "COVERED"))
    await expect(schema).not_to_have_attribute("aria-invalid", "true")
    await page.get_by_role("button", name="Labels", exact=True).click()
    await expect(page.get_by_label("Label 1", exact=True)).to_have_value("COVERED")
    await expect(page.get_by_label("Meaning of label 1")).to_have_value("the policy covers it")


async def test_the_file_and_the_form_are_the_same(site: Site, open_page: Open) -> None:
    await site.publish(CATEGORY)
    page = await open_page(site, "/evaluators/refund_policy")
    await page.get_by_label("Description").fill("From the form")
    await page.get_by_role("button", name="YAML").click()
    file = code(page, "Evaluator file")
    await expect(file).to_contain_text("description: From the form")
    written = await file.inner_text()
    await write(page, "Evaluator file", written + "\nsampel: 3")
    await expect(file).to_have_accessible_description(re.compile(r"line \d+ sampel is no field here"))
    await expect(page.get_by_role("button", name="1 to fix")).to_be_visible()
    await write(page, "Evaluator file", written.replace("From the form", "From the file"))
    await expect(page.get_by_text("to fix")).to_have_count(0)
    await page.get_by_role("button", name="YAML").click()
    await expect(page.get_by_label("Description")).to_have_value("From the file")


async def test_the_scope_counts_real_spans_and_says_which_rule_is_to_blame(
    site: Site, open_page: Open
) -> None:
    await site.publish(CATEGORY)
    for number in range(1, 8):
        service = "shop" if number < 5 else "desk"
        await site.send(span(number, start_s=time.time() - 60 * number, service=service))
    page = await open_page(site, "/evaluators/refund_policy")
    line = page.get_by_role("status").filter(has_text="in 24 h")
    await expect(line).to_contain_text("7 spans in 24 h")
    await page.get_by_role("combobox", name="Add a service").click()
    await page.get_by_role("option", name=re.compile("shop")).click()
    await expect(line).to_contain_text("4 spans of shop in 24 h")

    await page.get_by_role("button", name="Rule", exact=True).click()
    await page.get_by_role("combobox", name="Attribute of rule 1").fill("gen_ai.operation")
    await page.get_by_role("option", name=re.compile("gen_ai.operation.name")).click()
    await page.get_by_role("combobox", name="Value of rule 1").click()
    await page.get_by_role("option", name=re.compile("chat")).click()
    await expect(line).to_contain_text("4 match")

    await page.get_by_role("button", name="Rule", exact=True).click()
    await page.get_by_role("combobox", name="Attribute of rule 2").fill("gen_ai.request.modle")
    await page.get_by_role("combobox", name="Value of rule 2").fill("gpt-4o")
    await expect(line).to_contain_text("0 match")
    await expect(page.get_by_role("combobox", name="Attribute of rule 2")).to_have_accessible_description(
        re.compile("Not seen on any span in 24 hours. Did you mean")
    )
    await expect(line.get_by_role("button", name="Without rule 2: 4")).to_be_visible()
    await page.get_by_role("button", name="gen_ai.request.model", exact=True).click()
    await expect(line).to_contain_text("4 match")
    await expect(page.get_by_role("combobox", name="Attribute of rule 2")).to_have_value(
        "gen_ai.request.model"
    )


async def test_variables_are_completed_mapped_and_shown_on_the_span(site: Site, open_page: Open) -> None:
    await site.send(span(1, start_s=time.time() - 60, attributes={"app.tenant": "acme"}))
    page = await open_page(site, "/evaluators/new")
    await page.get_by_role("button", name="System and user prompt").click()
    await code(page, "User prompt").click()
    await page.keyboard.press("ControlOrMeta+End")
    await page.keyboard.type(" said: {{span.outp")
    await page.get_by_role("option", name="span.output").click()
    await expect(code(page, "User prompt")).to_have_text("{{span.input}} said: {{span.output}}")
    await page.keyboard.press("ControlOrMeta+End")
    await page.keyboard.insert_text(" for {{tenant}}")
    await expect(page.locator(".k-unknown")).to_have_text("{{tenant}}")
    await page.get_by_role("group", name="Variables").get_by_role("button", name="tenant").click()
    attribute = page.get_by_role("combobox", name="Attribute of tenant")
    await attribute.fill("app.tenant.id")
    doctor = page.get_by_role("region", name=re.compile("^Variables on"))
    await expect(doctor.get_by_role("listitem").filter(has_text="tenant")).to_contain_text("missing")
    await attribute.fill("app.tenant")
    await expect(doctor.get_by_role("listitem").filter(has_text="tenant")).to_contain_text("resolved")
    await expect(doctor.get_by_role("listitem").filter(has_text="tenant")).to_contain_text("acme")
    await expect(page.locator(".k-unknown")).to_have_count(0)
    await doctor.get_by_role("button", name="Exact prompt").click()
    await expect(page.get_by_role("dialog")).to_contain_text("acme")
    await page.keyboard.press("Escape")

    await page.get_by_role("group", name="Insert a variable").last.get_by_role("button", name="model").click()
    await expect(code(page, "User prompt")).to_contain_text("{{span.model}}")


async def test_what_no_span_has_is_shown_on_a_span_from_the_first_look(site: Site, open_page: Open) -> None:
    await site.send(span(1, start_s=time.time() - 60))
    await site.api("POST", "/evaluators", {"definition": CATEGORY | {"needs": ["context"]}, "publish": False})
    page = await open_page(site, f"/evaluators/{CATEGORY['name']}")
    doctor = page.get_by_role("region", name=re.compile("^Variables on"))
    await expect(doctor.get_by_role("listitem").filter(has_text="context")).to_contain_text(
        re.compile("missing|empty")
    )
    await expect(page.get_by_role("complementary", name="Try on real spans")).not_to_contain_text(
        "None of these"
    )


AT_ONCE = """() => new MutationObserver((_, me) => {
    if (!document.querySelector(".cm-content")) return;
    me.disconnect();
    document.execCommand("insertText", false, ",");
}).observe(document.body, {childList: true, subtree: true})"""


async def test_nothing_typed_is_lost_when_the_editor_takes_the_place_of_the_text_area(
    site: Site, open_page: Open
) -> None:
    await site.publish(CATEGORY)
    page = await open_page(site, "/evaluators")
    here = asyncio.Event()

    async def late(route: Route) -> None:
        await here.wait()
        await route.continue_()

    await page.route("**/assets/code-*.js", late)
    await page.get_by_role("link", name="refund_policy", exact=True).click()
    await code(page, "Rubric").click()
    await page.keyboard.press("ControlOrMeta+a")
    await page.keyboard.type("Begun early")
    # The next key comes as soon as the editor is there, before anything else of the page.
    await page.evaluate(AT_ONCE)
    here.set()
    await expect(page.locator(".cm-content").first).to_have_text("Begun early,")
    await page.keyboard.type(" ended late.")
    await expect(page.locator(".cm-content").first).to_have_text("Begun early, ended late.")


async def test_the_keyboard_saves_and_versions_can_be_compared_and_restored(
    site: Site, open_page: Open
) -> None:
    await site.publish(CATEGORY)
    page = await open_page(site, "/evaluators/refund_policy")
    await write(page, "Rubric", "FOLLOWS when all of it is covered.\nOTHER when it does not.\n")
    await page.keyboard.press("ControlOrMeta+s")
    await expect(page.get_by_text("Draft v2 of refund_policy saved")).to_be_visible()
    await expect(page.get_by_text("draft of v2")).to_be_visible()
    stored = await site.api("GET", "/evaluators/refund_policy")
    assert (stored["published_number"], stored["draft_number"]) == (1, 2)

    await page.get_by_role("button", name="Publish v2 …").click()
    dialog = page.get_by_role("dialog", name="Publish refund_policy v2?")
    await expect(dialog.locator(".removed")).to_contain_text("FOLLOWS when the policy covers it.")
    await expect(dialog.locator(".added")).to_contain_text("FOLLOWS when all of it is covered.")
    await dialog.get_by_role("button", name="Publish v2").click()
    await expect(page.get_by_text("v2 published")).to_be_visible()

    await page.get_by_role("button", name="Versions").click()
    versions = page.get_by_role("dialog", name="Versions of refund_policy")
    await expect(versions.locator(".added")).to_contain_text("FOLLOWS when all of it is covered.")
    await versions.get_by_role("button", name="Restore").click()
    await expect(versions).to_be_hidden()
    await expect(code(page, "Rubric")).to_contain_text("FOLLOWS when the policy covers it.")
    await page.get_by_role("button", name="Save draft").click()
    await expect(page.get_by_text("Draft v3 of refund_policy saved")).to_be_visible()
    await page.get_by_role("button", name="Discard draft").click()
    await expect(code(page, "Rubric")).to_contain_text("FOLLOWS when all of it is covered.")
    assert (await site.api("GET", "/evaluators/refund_policy"))["draft"] is None


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
async def test_nobody_is_left_out(site: Site, open_page: Open, scheme: str, size: tuple[int, int]) -> None:
    await prepared(site, CATEGORY)
    await chats(site, ["It arrives on Monday.", f"{REFUSED} text."])
    page = await open_page(site, "/evaluators/refund_policy", scheme=scheme, size=size)
    await expect(code(page, "Rubric")).to_be_visible()
    await page.get_by_role("button", name="Rule", exact=True).click()
    await page.get_by_role("button", name="Run").click()
    await expect(page.get_by_role("button", name="1 to fix")).to_be_visible()
    assert await violations(page) == []
    await page.get_by_role("combobox", name="Attribute of rule 1").fill("gen_ai.request.modle")
    await expect(page.get_by_text("Did you mean")).to_be_visible()
    assert await violations(page) == []
    await page.get_by_role("button", name="Remove rule 1").click()
    await page.get_by_role("button", name="Run").click()
    await expect(page.get_by_text("2 of 2 done")).to_be_visible()
    assert await violations(page) == []
    await page.get_by_label("Description").fill("Better")
    await page.get_by_role("button", name="Publish v2 …").click()
    await expect(page.get_by_role("dialog")).to_contain_text("Tried on")
    assert await violations(page) == []
