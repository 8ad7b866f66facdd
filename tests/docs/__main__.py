"""``python -m tests.docs``: writes into the pages what their commands print now.

Where a page leaves lines out (``…``) nothing is written; what does not match there is named.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

from .session import Command, File, Session, matches, told_in

ROOT = Path(__file__).parents[2]


def written(page: str, folder: Path) -> tuple[str, list[str]]:
    """The page with what is printed now, and the commands that print something else than what is left in."""
    session, wrong = Session(folder), []
    for told in list(told_in(page)):
        if isinstance(told, File):
            session.write(told)
            continue
        printed = session.run(told.line)
        if matches(printed, told.printed):
            continue
        if re.search(r"^…$", told.printed, re.MULTILINE):
            wrong.append(told.line)
        else:
            page = page.replace(_text(told), _text(Command(told.line, printed)), 1)
    return page, wrong


def _text(command: Command) -> str:
    return f"$ {command.line}\n{command.printed}"


def main() -> None:
    """All pages that tell of a session."""
    failed = False
    for page in sorted((ROOT / "docs").rglob("*.md")):
        before = page.read_text()
        if "<!-- file: " not in before:
            continue
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name) / "session"
            folder.mkdir()
            after, wrong = written(before, folder)
        for line in wrong:
            print(f"{page.relative_to(ROOT)}: prints something else: {line}")
        failed = failed or bool(wrong)
        if after != before:
            page.write_text(after)
            print(f"{page.relative_to(ROOT)}: written")
    sys.exit(failed)


if __name__ == "__main__":
    main()
