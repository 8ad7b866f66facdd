"""The HTML page: what is on it, that it is only text, that it can be used without a mouse, a picture or a network."""

from __future__ import annotations

import base64
import functools
import hashlib
import itertools
import json
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from scopedenv.sandbox import Finding, FindingKind, Sandbox, Schedule
from scopedenv.sandbox.report import page as page_module
from scopedenv.sandbox.report.diagram import Diagram, diagram
from scopedenv.sandbox.report.page import render_page
from scopedenv.sandbox.result import Waiting

from . import samples
from .document import Document


@pytest.fixture(autouse=True)
def bank(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    samples.write_bank(tmp_path)
    monkeypatch.chdir(tmp_path)


def document(finding: Finding, **more: object) -> Document:
    return Document(samples.exploration(finding, **more).page())


@functools.cache
def parsed(sample: Callable[[], Finding]) -> Document:
    """The page of a sample; nobody changes it."""
    return document(sample())


def race() -> Finding:
    return samples.race()[0]


EVERY = [samples.lost_update, samples.deadlock, samples.evil, samples.endless, race]
every = pytest.mark.parametrize("sample", EVERY, ids=lambda sample: sample.__name__)


# ------------------------------------------------------------------------------------------------ what is on it


def test_the_top_says_what_went_wrong_and_how_to_see_it_again() -> None:
    page = Document(
        samples.exploration(samples.lost_update(), name="tests/t.py::m").page(replay="run --again={schedule}")
    )
    assert page.one("h1").text == "Exception: AssertionError: n is 1"
    assert page.one("p", class_="model").text == "FAILED tests/t.py::m"
    assert page.one("p", class_="where").text == "an exception left a thread: thread 0 (MainThread), at bank.py:12"
    assert page.one("code", id="text-schedule").text == "s1:0x2,0.1,0.2x3,0.1,0"
    assert page.one("code", id="text-passing").text == "s1:0x2,0.1x2"
    assert page.one("code", id="text-replay").text == "run --again=s1:0x2,0.1,0.2x3,0.1,0"
    assert "in model" in page.one("pre", aria_label="Traceback").text
    assert page.one("pre", aria_label="Output").text == "hello from the model"


def test_the_table_has_every_step() -> None:
    page = document(samples.lost_update())
    rows = [row for row in page.all("tr") if row.attributes.get("id", "").startswith("failing-")]
    assert [row.attributes["id"] for row in rows] == [f"failing-{number}" for number in range(1, 9)]
    assert rows[3].text == "40.2 rightread n = 0 ≠ first differencebank.py:4 line 4▶▶ 0.1 left is preempted"
    assert [row.attributes["class"].split() for row in rows[2:5]] == [[], ["differs", "preempting"], []]
    assert [number for number, row in enumerate(rows, 1) if "aside" in row.attributes["class"]] == [1, 2, 6]
    assert len([row for row in page.all("tr") if row.attributes.get("id", "").startswith("passing-")]) == 4


def test_the_picture_has_a_box_for_each_step_that_matters_and_arrows_between_them() -> None:
    page = document(samples.lost_update())
    picture = page.one("div", class_="picture", data_story="failing", data_scope="matter")
    boxes = [each for each in page.all("a", class_="box") if picture in each.around]
    assert [each.attributes["data-step"] for each in boxes] == ["3", "4", "5", "7", "8"]
    arrows = [each for each in page.all("path", class_="arrow") if picture in each.around]
    assert [(each.attributes["data-source"], each.attributes["data-target"]) for each in arrows] == [("7", "8")]
    everything = page.one("div", class_="picture", data_story="failing", data_scope="all")
    arrows = [each for each in page.all("path", class_="arrow") if everything in each.around]
    assert [(each.attributes["data-source"], each.attributes["data-target"]) for each in arrows] == [
        ("1", "3"),
        ("7", "8"),
    ]
    notes = [each.text for each in page.all("g", class_="note") if picture in each.around]
    assert "▶▶ 0.1 left is preempted" in notes
    assert "≠ from here on the two schedules differ" in notes


def test_the_source_is_there_with_what_is_around_it() -> None:
    page = document(samples.lost_update())
    code = page.one("div", class_="code")
    lines = [each.text for each in page.all("span", class_="line-number") if code in each.around]
    assert lines == [str(number) for number in range(1, 19)]  # 4, 5, 9 and 12, six lines around each
    ran = {each.text.split("line")[0] for each in page.all("li", class_="ran")}
    assert ran == {"3 44", "5 75", "1 29", "812"}  # steps 3 and 4 at line 4, and so on
    targets = {link.attributes["href"] for link in page.all("a") if link.attributes["href"].startswith("#line-")}
    assert targets
    assert all(page.by_id(target[1:]) for target in targets)


def test_a_file_that_has_changed_shows_only_what_ran(tmp_path: Path) -> None:
    (tmp_path / "other.py").write_text("something else\n" * 30)
    finding = samples.lost_update()
    finding = replace(finding, steps=tuple(replace(s, place=s.place.replace("bank", "other")) for s in finding.steps))
    page = document(replace(finding, nearest=None, place="", source=""))
    assert "something else" not in page.page
    assert "not what it was when the model ran" in page.one("p", class_="warning").text
    assert [each.text.strip() for each in page.all("li", class_="ran")] == [
        "3 44line 4",
        "5 75line 5",
        "1 29line 9",
        "812line 12",
    ]


def test_a_deadlock_shows_who_waits_for_whom() -> None:
    page = document(samples.deadlock())
    rows = [each.text for each in page.all("tr", class_="cycle")]
    assert rows == [
        "↻ 0.1 leftacquire BB, held by thread 0.2 (right)Abank.py:5 line 5bank.py:5 in takebank.py:21 in work",
        "↻ 0.2 rightacquire AA, held by thread 0.1 (left)Bbank.py:9 line 9",
    ]
    assert page.one("pre", aria_label="Message").text == "The cycle: 0.1 → 0.2 → 0.1 (each waits for the next)."
    assert len(page.all("g", class_="waits")) == 3
    assert [each.text for each in page.all("path", class_="wait") if "d" in each.attributes] == [
        "0 waits for the end of thread 0.1 left",
        "0.1 waits for B, held by thread 0.2 (right)",
        "0.2 waits for A, held by thread 0.1 (left)",
    ]
    assert [each.text for each in page.all("g", class_="bar")] == [
        "0.1 holds A from step 1 and does not let go of itA",
        "0.2 holds B from step 2 and does not let go of itB",
    ]


def test_an_arrow_to_a_thread_that_is_no_neighbour_goes_below_those_between() -> None:
    """Three in a circle. Two neighbours' arrows stay inside the picture that they had; the third needs room below."""

    def waiting(number: int) -> Waiting:
        after = number % 3 + 1
        return Waiting(f"0.{number}", "t", "acquire", "bank.py:5", "line 5", f"L{after}", (), (), f"0.{after}")

    def drawn(*numbers: int) -> Diagram:
        return diagram((), frozenset(), [waiting(number) for number in numbers], 0, all_steps=True)

    circle, chain = drawn(1, 2, 3), drawn(1, 2)
    assert [(arrow.title.partition(" ")[0], arrow.dips) for arrow in circle.arrows] == [
        ("0.1", False),
        ("0.2", False),
        ("0.3", True),
    ]
    bottom = max(box.y + box.height for box in circle.boxes)
    lowest = [max(int(y) for y in re.findall(r",(\d+)", arrow.path)) for arrow in circle.arrows]
    assert [y > bottom for y in lowest] == [False, False, True]
    assert lowest[2] < circle.height
    assert chain.height < circle.height


def test_the_legend_explains_what_is_drawn_and_no_more() -> None:
    def legend(finding: Finding) -> list[str]:
        keys = [each for each in document(finding).all("span") if "key" in each.attributes.get("class", "").split()]
        return [each.attributes["class"] for each in keys if "swatch" not in each.attributes["class"]]

    assert legend(samples.lost_update()) == ["key value", "key life", "key preemption"]
    assert [name for name in legend(samples.deadlock()) if name != "key"] == ["key wait", "key preemption"]
    assert legend(replace(samples.lost_update(), steps=samples.lost_update().steps[:1], nearest=None)) == []


def test_a_race_shows_both_accesses_with_their_stacks() -> None:
    finding, race = samples.race()
    page = Document(samples.exploration(finding, races=(race,)).page())
    assert [each.text for each in page.all("h4") if each.inside("main")][:2] == [
        "Written by thread 0.1 (left)",
        "Read by thread 0.2 (right)",
    ]
    stacks = page.all("ol", class_="stack")
    assert [each.text for each in stacks] == ["bank.py:4 in putbank.py:20 in work", "bank.py:5 in get"]
    assert page.all("h2", id="races-title") == []  # it is the only one


def test_a_finding_without_steps_says_so() -> None:
    crash = Finding(FindingKind.CRASH, "the process exited with status 3.", "0", "", Schedule(), (), thread_name="m")
    page = document(crash)
    assert page.one("h1").text == "Crash: the process exited with status 3"
    assert "No operation was carried out." in page.page


def test_a_long_execution_makes_a_page_that_can_be_opened() -> None:
    page = parsed(samples.endless)
    rows = [row for row in page.all("tr") if row.attributes.get("id", "").startswith("failing-")]
    assert len(rows) == 400
    assert [rows[0].attributes["id"], rows[-1].attributes["id"]] == ["failing-1", "failing-10000"]
    assert "9,600 steps are left out on this page." in page.one("p", class_="about").text
    assert [each.text for each in page.all("tr", class_="left-out")] == ["… 9,600 steps are left out"]
    assert len(page.page) < 1_500_000
    assert page.one("h1").text == "Livelock: the execution has 10000 steps and is not over (max_steps)"
    assert page.one("pre", aria_label="Message").text == "It ends by repeating:\n  0.1 read n\nA loop."


def test_long_texts_are_cut_and_say_so() -> None:
    finding = samples.lost_update()
    steps = (replace(finding.steps[2], result="x" * 1_000_000),)
    page = document(replace(finding, output="y" * 1_000_000, steps=steps, nearest=None))
    assert len(page.page) < 200_000
    assert "(950,000 characters left out)" in page.one("pre", aria_label="Output").text


# ------------------------------------------------------------------------------------------------ only text


def test_whatever_a_program_says_is_text() -> None:
    page = document(samples.evil(), name=samples.EVIL)
    assert [each.attributes.get("type") for each in page.all("script")] == ["application/json", None]
    assert page.all("img") == []
    assert len(page.all("style")) == 1
    assert samples.EVIL in page.one("h1").text + page.one("pre", aria_label="Output").text
    assert all(name.lower()[:2] != "on" for each in page.elements for name in each.attributes)
    assert "style" not in {name for each in page.elements for name in each.attributes}
    page.page.encode()  # no half of a character is left
    assert not re.search("[\x00-\x08\x1b\u202e]", page.page)
    assert "\\x1b[31m\\u202e\\ud800\\x00" in page.one("pre", aria_label="Output").text


def test_the_data_for_the_script_are_what_they_were() -> None:
    """Between the tags of a script nothing is decoded, so nothing there may close it, and all must come out again."""
    page = document(samples.evil())
    (data,) = [each for each in page.all("script") if "type" in each.attributes]
    assert "<" not in data.text
    read = json.loads(data.text)["stories"]["failing"]
    assert read[0]["value"].startswith(samples.EVIL)


@every
def test_pages_are_well_formed_and_ask_for_nothing(sample) -> None:
    page = parsed(sample)
    assert page.left_open == []
    for element in page.elements:
        for name in ("src", "href", "action", "data", "poster", "srcset", "xlink:href"):
            assert element.attributes.get(name, "#").startswith("#"), element
    style = page.one("style").text
    assert "@import" not in style
    assert "url(" not in style


def test_the_policy_allows_what_is_on_the_page_and_no_more() -> None:
    page = document(samples.lost_update())
    policy = page.one("meta", http_equiv="Content-Security-Policy").attributes["content"]
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in _inline(page)]
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{hashes[0]}'; script-src 'sha256-{hashes[1]}'; base-uri 'none'; "
        "form-action 'none'"
    )


def _inline(page: Document) -> list[str]:
    return [page.one("style").text, *(each.text for each in page.all("script") if not each.attributes)]


# ------------------------------------------------------------------------------------------------ for everybody


@every
def test_every_control_has_a_name(sample) -> None:
    page = parsed(sample)
    controls = [*page.all("button"), *page.all("input"), *page.all("summary")]
    controls += [each for each in page.elements if each.attributes.get("tabindex") == "0"]
    assert len(controls) > 3
    for control in controls:
        assert page.name(control).strip(), control


@every
def test_ids_are_unique_and_what_refers_to_them_finds_them(sample) -> None:
    page = parsed(sample)
    ids = page.ids()
    assert {name: count for name, count in ids.items() if count > 1} == {}
    for element in page.elements:
        named = [element.attributes.get("for"), element.attributes.get("data-copies")]
        named += element.attributes.get("aria-labelledby", "").split()
        if element.attributes.get("href"):
            named.append(element.attributes["href"][1:])
        assert {name for name in named if name} <= set(ids), element


@every
def test_a_page_has_landmarks_headings_and_a_language(sample) -> None:
    page = parsed(sample)
    assert page.one("html").attributes["lang"] == "en"
    (title,) = [each for each in page.all("title") if each.inside("head")]
    assert title.text
    for landmark in ("header", "main", "footer", "h1"):
        page.one(landmark)
    assert all(page.name(each) for each in page.all("section"))
    levels = [int(each.tag[1]) for each in page.elements if re.fullmatch("h[1-6]", each.tag)]
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels)), levels


@every
def test_pictures_are_not_read_out_and_the_tables_are(sample) -> None:
    page = parsed(sample)
    drawings = [each for each in page.all("svg") if not each.inside("svg")]
    assert {(each.attributes["aria-hidden"], each.attributes["focusable"]) for each in drawings} == {("true", "false")}
    assert all(each.attributes["tabindex"] == "-1" for each in page.all("a") if each.inside("svg"))
    assert all(each.attributes["scope"] in ("row", "col") for each in page.all("th"))
    assert len(page.all("caption")) == len(page.all("table"))


def test_the_current_step_is_announced() -> None:
    assert parsed(samples.lost_update).one("p", id="now-said").attributes["aria-live"] == "polite"


def test_without_a_script_nothing_is_offered_that_would_not_work() -> None:
    page = document(samples.lost_update())
    for control in [*page.all("button"), page.one("input", type="range")]:
        assert "hidden" in control.attributes or any("hidden" in each.attributes for each in control.around), control


# ------------------------------------------------------------------------------------------------ files


def test_pages_are_written_under_names_that_stay(tmp_path: Path) -> None:
    found = samples.exploration(samples.lost_update(), samples.deadlock(), name="tests/t.py::test[../é <a>]")
    written = found.write_pages(tmp_path / "new" / "pages")
    assert [path.name for path in written] == [
        "tests-t-py-test-a-ed9d433a-1-exception.html",
        "tests-t-py-test-a-ed9d433a-2-deadlock.html",
    ]
    assert [path.read_text(encoding="utf-8") for path in written] == [found.page(0), found.page(1)]
    assert found.write_pages(tmp_path / "new" / "pages") == written
    other = samples.exploration(samples.deadlock(), name="tests/t.py::test[../è <a>]")
    assert other.write_pages(tmp_path / "new" / "pages")[0] not in written


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "a" * 500, "\ud800", "CON", "."])
def test_no_name_of_a_model_leads_out_of_the_folder(name: str, tmp_path: Path) -> None:
    (path,) = samples.exploration(samples.deadlock(), name=name).write_pages(tmp_path)
    assert path.parent == tmp_path
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{0,59}-[0-9a-f]{8}-1-deadlock\.html", path.name)


def test_a_finding_that_is_not_there_is_named() -> None:
    found = samples.exploration(samples.deadlock(), name="dining")
    for number in (1, -1):
        with pytest.raises(IndexError, match=f"dining has no finding {number}: there are 1, from 0 on"):
            found.page(number)


def test_without_jinja2_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    page_module._template.cache_clear()
    with pytest.raises(ImportError, match=r"pip install 'scopedenv\[report\]'"):
        samples.exploration(samples.deadlock()).page()


def test_a_real_finding_becomes_a_page() -> None:
    def model() -> None:
        assert not samples.EVIL

    explored = Sandbox().explore(model)
    (finding,) = explored.findings
    page = Document(render_page(explored, finding))
    assert page.left_open == []
    assert page.one("h1").text.startswith("Exception: AssertionError")
    assert "assert not samples.EVIL" in page.one("div", class_="code").text
