"""Every Python example in README and docs runs, and prints what the text beneath it says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from .session import steady

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
_EXAMPLE = re.compile(
    r"(?P<skip><!-- (?:not run|file: [^\n]*) -->\n)?"
    r"```python\n(?P<code>.*?)```(?:\n\n[^\n]*\n\n```text\n(?P<output>.*?)```)?",
    re.DOTALL,
)
_LINK = re.compile(r"\]\((?!https?://)([^)#]*)(?:#([^)]*))?\)")


def _examples():
    for page in PAGES:
        for number, match in enumerate(_EXAMPLE.finditer(page.read_text()), 1):
            if not match["skip"]:
                yield pytest.param(match["code"], match["output"], id=f"{page.stem}-{number}")


@pytest.mark.parametrize(("code", "output"), list(_examples()))
def test_example_runs_and_prints_what_the_page_says(code: str, output: str | None, tmp_path: Path) -> None:
    script = tmp_path / "race.py"
    script.write_text(code)
    run = subprocess.run(
        [sys.executable, "-W", "error", "race.py"], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    if output is not None:
        assert steady(run.stdout) == steady(output)


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for path, anchor in _LINK.findall(page.read_text()):
        target = (page.parent / path) if path else page
        assert target.exists(), f"{page.name} links to {path}"
        if anchor:
            headings = {_anchor(h) for h in re.findall(r"^#+ (.*)$", target.read_text(), re.MULTILINE)}
            assert anchor in headings, f"{page.name} links to {path}#{anchor}"


def test_readme_has_an_example_with_its_output() -> None:
    outputs = [match["output"] for match in _EXAMPLE.finditer(PAGES[0].read_text())]
    assert any(output and "FAILED" in output for output in outputs)
