"""The report directory: files about each failing model, and an index.

A model has a text. Each of its findings has a failure file, a diagram, a trace, and a page where jinja2 is installed.
All are called as the model's failure file is; from the second finding on with its number behind, so that the same
findings have the same files in every run. No other model's are called so: what is before the number ends in a checksum.
"""

from __future__ import annotations

import html
import importlib.util
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from scopedenv.sandbox import Exploration, Finding

#: Findings that get files; an exploration that goes on after the first may have thousands.
MOST: Final = 50
_TEXT: Final = ".txt"
_FAILURE: Final = ".json"
#: Endings of the files of a finding, and what the index calls them.
_FILES: Final = {".html": "page", ".mmd": "diagram", ".trace.json": "trace", _FAILURE: "failure file"}


def stem_of(model: str) -> str:
    """What the files of `model` are called, without an ending."""
    from scopedenv.sandbox.failure_file import path_of

    return path_of("", model).stem


def _numbered(stem: str, number: int) -> str:
    """The same for the files on finding `number`, counted from 0."""
    return f"{stem}-{number + 1}" if number else stem


def headline_of(finding: Finding) -> str:
    """A finding in one line."""
    return f"{finding.kind.name.lower()}: {finding.message}".splitlines()[0].strip()


def write_findings(
    directory: Path, model: str, exploration: Exploration, *, replay: str, program: str | None
) -> list[Path]:
    """The files on each of the first findings; the pages."""
    from scopedenv.sandbox.failure_file import write_failure

    directory.mkdir(parents=True, exist_ok=True)
    with_pages = importlib.util.find_spec("jinja2") is not None
    pages = []
    for number, finding in enumerate(exploration.findings[:MOST]):
        settings = dict(finding.origin.settings) if finding.origin is not None else {}
        target = directory / _numbered(stem_of(model), number)
        failure = target.with_name(target.name + _FAILURE)
        write_failure(failure, model, exploration, settings=settings, program=program, number=number)
        _put(target, ".mmd", finding.as_mermaid() + "\n")
        _put(target, ".trace.json", finding.as_chrome_trace() + "\n")
        if with_pages:
            pages.append(_put(target, ".html", exploration.page(number, replay=replay)))
    return pages


def write_text(directory: Path, model: str, text: str) -> None:
    """The text on `model`."""
    directory.mkdir(parents=True, exist_ok=True)
    _put(directory / stem_of(model), _TEXT, f"{model}\n\n{text}\n")


def _put(target: Path, ending: str, text: str) -> Path:
    """Write in one piece, as workers of pytest-xdist may write there too; the file."""
    path = target.with_name(target.name + ending)
    unfinished = target.with_name(f"{path.name}.{os.getpid()}.part")
    unfinished.write_text(text, encoding="utf-8", errors="backslashreplace")
    return unfinished.replace(path)


# ----------------------------------------------------------------------------------------------------- index


def write_index(directory: Path, titles: Iterable[str], models: Iterable[tuple[tuple[str, ...], str, int]]) -> None:
    """A page that lists the models of a run, with links to the files of those that fail.

    Args:
        directory: where the files are.
        titles: heads of the columns.
        models: of each model what is in the columns, what its files are called (empty: it has none), and how many
            findings it has.
    """
    directory.mkdir(parents=True, exist_ok=True)
    head = "".join(f"<th>{title}</th>" for title in (*titles, "files"))
    rows = "\n".join(_row(directory, *model) for model in models)
    directory.joinpath("index.html").write_text(
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>Sandboxed models</title>\n'
        "<style>:root { color-scheme: light dark } body { font-family: sans-serif }\n"
        "td, th { text-align: left; vertical-align: top; padding: 0.2em 1em 0.2em 0 }</style>\n"
        f"</head><body><h1>Sandboxed models</h1>\n<table>\n<tr>{head}</tr>\n{rows}\n</table>\n</body></html>\n",
        encoding="utf-8",
        errors="xmlcharrefreplace",
    )


def _row(directory: Path, cells: tuple[str, ...], stem: str, findings: int) -> str:
    links = "".join(f"<div>{line}</div>" for line in _links(directory, stem, findings) if line) if stem else ""
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in [*map(html.escape, cells), links]) + "</tr>"


def _links(directory: Path, stem: str, findings: int) -> Iterator[str]:
    """For the text, and for each finding, the links to what there is: of a worker elsewhere there is nothing."""
    from scopedenv.sandbox.failure_file import read_failure

    def link(name: str, title: str) -> str:
        return f'<a href="{html.escape(name)}">{title}</a>' if directory.joinpath(name).exists() else ""

    yield link(stem + _TEXT, "text")
    for number in range(min(findings, MOST)):
        name = _numbered(stem, number)
        failure = directory / (name + _FAILURE)
        if failure.exists():
            headline = headline_of(read_failure(failure).finding)
            yield " ".join([html.escape(headline), *(link(name + end, title) for end, title in _FILES.items())])
    yield left_out(findings)


def left_out(findings: int) -> str:
    """That there are findings without files; empty if there are none."""
    return f"The first {MOST} of {findings:,} findings have files." if findings > MOST else ""
