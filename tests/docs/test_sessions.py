"""Pages that tell of a session at a terminal are true: each command prints what stands below it."""

from __future__ import annotations

from pathlib import Path

import pytest

from .session import Command, File, Session, matches, told_in

ROOT = Path(__file__).parents[2]
PAGES = [page for page in sorted((ROOT / "docs").rglob("*.md")) if "<!-- file: " in page.read_text()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_prints_what_the_page_says(page: Path, tmp_path: Path) -> None:
    folder = tmp_path / "session"
    folder.mkdir()
    session = Session(folder)
    for told in told_in(page.read_text()):
        if isinstance(told, File):
            session.write(told)
            continue
        printed = session.run(told.line)
        assert matches(printed, told.printed), f"$ {told.line}\n{printed}"


def test_the_tutorial_is_such_a_page() -> None:
    told = list(told_in((ROOT / "docs" / "tutorial.md").read_text()))
    assert {each.name for each in told if isinstance(each, File)} == {"bank.py", "test_bank.py"}
    commands = [each.line for each in told if isinstance(each, Command)]
    assert {line.split()[0] for line in commands} >= {"scopedenv", "pytest"}


def test_what_may_differ_and_what_may_not() -> None:
    assert matches("a\nb\nc\n0.31 s\n", "a\n…\n1.00 s\n")
    assert matches("a\n", "a\n…\n")
    assert not matches("a\nb\n", "a\n")
    assert not matches("a\nb\n", "…\na\n")
