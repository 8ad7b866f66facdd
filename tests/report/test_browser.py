"""The page in a browser: it can be looked at, nothing is refused or fails, and its script goes through the steps.

Needs Chromium or Chrome; skipped where there is none.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scopedenv.sandbox import Finding

from . import samples
from .devtools import Tab, open_tab
from .document import Document

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

pytestmark = pytest.mark.skipif(
    BROWSER is None, reason="needs a browser: chromium, chromium-browser or google-chrome is not on the PATH"
)

#: The page's policy refuses scripts of others, so what a test wants of the page it says by the address.
_ARGUMENTS = ("--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--virtual-time-budget=5000")


@pytest.fixture
def bank(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    samples.write_bank(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def browse(folder: Path, finding: Finding, *arguments: str, hash_: str = "") -> str:
    """What the browser prints, having opened the page of `finding` from the disk; it must not complain."""
    (path,) = samples.exploration(finding).write_pages(folder)
    address = path.as_uri() + hash_
    profile = f"--user-data-dir={folder / 'profile'}"
    run = subprocess.run(
        [BROWSER, *_ARGUMENTS, profile, *arguments, address], capture_output=True, text=True, timeout=120, check=True
    )
    said = [line for line in run.stderr.splitlines() if re.search("CONSOLE|Content Security Policy", line)]
    assert said == []
    return run.stdout


def opened(folder: Path, finding: Finding, hash_: str = "") -> Document:
    """The page as it is after its script has run."""
    return Document(browse(folder, finding, "--dump-dom", hash_=hash_))


def test_the_script_goes_to_the_step_of_the_address(bank: Path) -> None:
    page = opened(bank, samples.lost_update(), "#failing-4")
    assert page.one("h3", id="now-title").text == "Step 4 of 8: thread 0.2 right"
    assert page.one("p", id="now-said").text == "read n = 0"
    assert [
        each.text for each in page.all("li") if any(a.attributes.get("id") == "now-notes" for a in each.around)
    ] == [
        "▶▶ 0.1 left is preempted",
        "≠ the first step that differs from the other schedule",
    ]
    slider = page.one("input", id="slider").attributes
    assert (slider["max"], slider["aria-valuetext"]) == ("5", "step 4 of 8")
    assert page.one("tr", class_="current").attributes["id"] == "failing-4"
    assert {each.attributes["data-step"] for each in page.all("a", class_="current")} == {"4"}
    assert page.one("li", class_="current").text.endswith("line 4")
    threads = page.one("tbody", id="now-threads").text
    assert (
        threads
        == "0 MainThreadbank.py:9  start thread 0.2 right–0.1 leftbank.py:4  read n = 0–0.2 rightbank.py:4  read n = 0–"
    )
    assert page.one("tbody", id="now-variables").text == "n00.2 right, step 4"


def test_without_an_address_it_is_the_last_step_that_matters(bank: Path) -> None:
    page = opened(bank, samples.deadlock())
    assert page.one("h3", id="now-title").text == "Step 2 of 2: thread 0.2 right"
    assert "waits for B, held by thread 0.2 (right)A" in page.one("tbody", id="now-threads").text
    assert [each.attributes["data-go"] for each in page.all("button") if "disabled" in each.attributes] == [
        "on",
        "last",
    ]


def test_the_address_may_be_of_the_schedule_that_passes_and_of_a_step_that_does_not_matter(bank: Path) -> None:
    page = opened(bank, samples.lost_update(), "#passing-1")
    assert page.one("h3", id="now-title").text == "Step 1 of 4: thread 0 MainThread"
    assert page.one("input", id="slider").attributes["max"] == "4"


def test_markup_in_a_program_does_nothing(bank: Path) -> None:
    page = opened(bank, samples.evil(), "#failing-1")
    (title,) = [each for each in page.all("title") if each.inside("head")]
    assert title.text == "exception in model"
    assert page.all("img") == []
    assert samples.EVIL in page.one("p", id="now-said").text


@pytest.mark.parametrize(
    "arguments",
    [("--window-size=1400,1600",), ("--window-size=500,1600",), ("--blink-settings=preferredColorScheme=0",)],
    ids=["wide", "narrow", "dark"],
)
def test_the_page_can_be_looked_at(arguments: tuple[str, ...], bank: Path) -> None:
    picture = bank / "page.png"
    browse(bank, samples.lost_update(), f"--screenshot={picture}", *arguments)
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size > 20_000  # an empty one has less than 10,000


def test_a_long_execution_can_be_gone_through(bank: Path) -> None:
    page = opened(bank, samples.endless(), "#failing-9990")
    assert page.one("h3", id="now-title").text.startswith("Step 9990 of 10000")


# ------------------------------------------------------------------------------------------- keys and the mouse


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    """One browser for all of these: it takes most of a second to start."""
    assert BROWSER is not None
    with open_tab(BROWSER, tmp_path_factory.mktemp("profile")) as tab:
        yield tab


@pytest.fixture
def tab(browser: Tab, bank: Path) -> Iterator[Tab]:
    browser.complaints.clear()
    browser.look(1280)
    yield browser
    assert browser.complaints == []


def visit(tab: Tab, folder: Path, finding: Finding) -> None:
    (path,) = samples.exploration(finding).write_pages(folder)
    tab.open(path.as_uri())


def where(tab: Tab) -> tuple[int, int, str]:
    """The number of the step that is told of, where the slider is, and the address; they and the picture must agree."""
    title, slider, hash_, boxes, rows = tab.value(
        "[document.getElementById('now-title').textContent, +document.getElementById('slider').value, location.hash,"
        " [...document.querySelectorAll('a.box.current')].filter((box) => box.getClientRects().length)"
        ".map((box) => box.dataset.step), [...document.querySelectorAll('tr.current')].map((row) => row.id)]"
    )
    number = re.match("Step ([0-9]+) of ", title)
    assert number is not None
    assert boxes == [number[1]]
    assert [row.partition("-")[2] for row in rows] == [number[1]]
    return int(number[1]), slider, hash_


def middle(tab: Tab, selector: str, share: float = 0.5) -> tuple[float, float]:
    """A place on an element, so far from its left edge."""
    x, y, width, height = tab.value(
        f"(() => {{ const box = document.querySelector({selector!r}); box.scrollIntoView({{block: 'center'}});"
        " const at = box.getBoundingClientRect(); return [at.x, at.y, at.width, at.height]; })()"
    )
    return x + 2 + (width - 4) * share, y + height / 2


def test_arrow_keys_go_through_the_steps_that_matter(tab: Tab, bank: Path) -> None:
    """Those are 3, 4, 5, 7 and 8. Wherever the focus is, left and right do; up and down scroll the page."""
    visit(tab, bank, samples.lost_update())
    assert where(tab) == (8, 5, "")
    for key, expected in [
        ("ArrowLeft", (7, 4, "#failing-7")),
        ("ArrowLeft", (5, 3, "#failing-5")),
        ("ArrowUp", (5, 3, "#failing-5")),
        ("Home", (5, 3, "#failing-5")),
        ("ArrowRight", (7, 4, "#failing-7")),
        ("ArrowRight", (8, 5, "#failing-8")),
        ("ArrowRight", (8, 5, "#failing-8")),
    ]:
        tab.press(key)
        assert where(tab) == expected, key


def test_more_keys_where_the_slider_has_the_focus(tab: Tab, bank: Path) -> None:
    visit(tab, bank, samples.lost_update())
    tab.value("document.getElementById('slider').focus()")
    for key, expected in [("Home", 3), ("ArrowUp", 3), ("ArrowDown", 4), ("ArrowRight", 5), ("ArrowUp", 4), ("End", 8)]:
        tab.press(key)
        assert where(tab)[0] == expected, key


def test_the_slider_goes_where_it_is_clicked(tab: Tab, bank: Path) -> None:
    """It has five places."""
    visit(tab, bank, samples.lost_update())
    for share, expected in [(0.0, (3, 1, "#failing-3")), (0.5, (5, 3, "#failing-5")), (1.0, (8, 5, "#failing-8"))]:
        tab.click(*middle(tab, "#slider", share))
        assert where(tab) == expected, share


def test_buttons_boxes_and_choices(tab: Tab, bank: Path) -> None:
    visit(tab, bank, samples.lost_update())
    tab.click(*middle(tab, "[data-go=first]"))
    assert where(tab) == (3, 1, "#failing-3")
    assert tab.value("[...document.querySelectorAll('[data-go]:disabled')].map((button) => button.dataset.go)") == [
        "first",
        "back",
    ]
    tab.click(*middle(tab, "label[for=scope-all]"))
    assert where(tab) == (3, 3, "#failing-3")
    tab.click(*middle(tab, "[data-go=back]"))
    assert where(tab) == (2, 2, "#failing-2")
    tab.click(*middle(tab, "[data-scope=all] [data-step='6'] rect"))
    assert where(tab) == (6, 6, "#failing-6")
    tab.click(*middle(tab, "label[for=story-passing]"))
    assert where(tab) == (4, 4, "#passing-4")


def test_an_address_of_a_step_opens_at_the_picture(tab: Tab, bank: Path) -> None:
    """Not at the row of the table that has that id."""
    (path,) = samples.exploration(samples.lost_update()).write_pages(bank)
    tab.look(1280, 600)
    for number in (7, 4):  # the second time the page is there already
        tab.open(f"{path.as_uri()}#failing-{number}")
        tab.value("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        assert where(tab)[0] == number
        assert tab.value("Math.round(document.getElementById('steps').getBoundingClientRect().y)") == 0


# --------------------------------------------------------------------------------------------------- how it looks


@pytest.mark.parametrize("width", [1280, 800, 400, 320])
@pytest.mark.parametrize(
    "finding", [samples.lost_update, samples.deadlock, samples.evil], ids=lambda each: each.__name__
)
def test_nothing_is_wider_than_the_window(tab: Tab, bank: Path, finding: Callable[[], Finding], width: int) -> None:
    """320 pixels are a page of 1280 at four times its size (WCAG 2.2, 1.4.10). The picture scrolls in its frame."""
    tab.look(width)
    visit(tab, bank, finding())
    root = "document.documentElement"
    assert tab.value(f"{root}.scrollWidth") == tab.value(f"{root}.clientWidth")


def test_three_threads_have_room_beside_the_source(tab: Tab, bank: Path) -> None:
    """A model's two threads and the first: most pictures are of three."""
    visit(tab, bank, samples.lost_update())
    shown = "document.querySelector('[data-story=failing][data-scope=matter] .scroll')"
    assert tab.value(f"{shown}.scrollWidth") == tab.value(f"{shown}.clientWidth")
    left, right = (
        tab.value(f"document.querySelector('{part}').getBoundingClientRect().x") for part in (".pictures", ".side")
    )
    assert left < right


def test_a_dark_screen_gets_a_dark_page(tab: Tab, bank: Path) -> None:
    visit(tab, bank, samples.deadlock())
    ground = "getComputedStyle(document.body).backgroundColor"
    assert tab.value(ground) == "rgb(255, 255, 255)"
    tab.look(1280, dark=True)
    assert tab.value(ground) == "rgb(18, 21, 26)"
