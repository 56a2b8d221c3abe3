"""The example's page in a real browser: supabase-js, both providers, and row-level security behind them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

Open = Callable[..., Page]

ADA, BEN, CLEO = "Clerk ada@harbor.example", "Clerk ben@harbor.example", "WorkOS cleo@juniper.example"


def sign_in(page: Page, person: str) -> None:
    page.get_by_label("Sign in as").select_option(person)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def add_list(page: Page, name: str) -> None:
    page.get_by_label("Name of a new list").fill(name)
    page.get_by_role("button", name="Add list").click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()


@pytest.mark.parametrize(
    ("person", "own", "foreign"), [(ADA, "Opening day", "Greenhouse"), (CLEO, "Greenhouse", "Opening day")]
)
def test_everybody_sees_their_own_rows_and_nobody_elses(open_page: Open, person: str, own: str, foreign: str) -> None:
    page = open_page()
    sign_in(page, person)
    expect(page.get_by_role("heading", name=own)).to_be_visible()
    expect(page.get_by_text(foreign)).to_have_count(0)


@pytest.mark.parametrize(("person", "other"), [(ADA, CLEO), (CLEO, ADA)])
def test_a_todo_is_added_ticked_and_deleted_with_its_list(open_page: Open, person: str, other: str) -> None:
    page = open_page()
    name = f"Errands of {person}"
    sign_in(page, person)
    add_list(page, name)
    page.get_by_label(f"New todo on {name}").fill("Buy paper bags")
    page.get_by_label(f"New todo on {name}").press("Enter")
    todo = page.get_by_role("checkbox", name="Buy paper bags")
    expect(todo).not_to_be_checked()
    with page.expect_response(lambda response: response.request.method == "PATCH" and response.ok):
        todo.check()  # a page that is left before the answer cancels the change
    page.reload()
    sign_in(page, person)
    expect(page.get_by_role("checkbox", name="Buy paper bags")).to_be_checked()

    stranger = open_page()
    sign_in(stranger, other)
    expect(stranger.get_by_role("heading", level=3)).to_have_count(1)  # theirs from the seed
    expect(stranger.get_by_text("Buy paper bags")).to_have_count(0)

    page.get_by_role("button", name=f"Delete the list {name}").click()
    expect(page.get_by_role("heading", name=name)).to_have_count(0)
    expect(page.get_by_text("Buy paper bags")).to_have_count(0)


def test_a_refusal_is_shown_in_words_and_ends_with_its_cause(open_page: Open) -> None:
    page = open_page(refusals=True)
    sign_in(page, ADA)
    page.get_by_role("textbox", name="Private note").fill("The safe is behind the atlas")
    page.get_by_role("button", name="Keep").click()
    expect(page.get_by_role("alert")).to_contain_text("Only after a second factor")
    page.get_by_label("I have passed the second factor").check()
    page.get_by_role("button", name="Keep").click()
    expect(page.get_by_role("listitem").filter(has_text="behind the atlas")).to_be_visible()
    expect(page.get_by_role("alert")).to_be_hidden()


def test_a_member_may_read_but_not_announce(open_page: Open) -> None:
    page = open_page(refusals=True)
    sign_in(page, BEN)
    expect(page.get_by_text("Harbor Books opens on Saturday")).to_be_visible()
    page.get_by_role("textbox", name="Announcement").fill("Free cake")
    page.get_by_role("button", name="Announce").click()
    expect(page.get_by_role("alert")).to_contain_text("row-level security")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_fits_a_telephone_and_has_a_name(open_page: Open, scheme: str) -> None:
    page = open_page(viewport={"width": 320, "height": 640}, color_scheme=scheme)
    sign_in(page, ADA)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for control in page.locator("button:visible, input:visible, select:visible").all():
        assert control.evaluate("e => e.ariaLabel || e.labels?.[0]?.innerText || e.innerText"), control
    ground, ink = (page.evaluate(f"getComputedStyle(document.body).{part}") for part in ("backgroundColor", "color"))
    assert contrast(ground, ink) >= 7  # WCAG 2.2, 1.4.6


def contrast(one: str, other: str) -> float:
    """WCAG's contrast ratio of two `rgb(…)` colours."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    parts = [int(part) / 255 for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
