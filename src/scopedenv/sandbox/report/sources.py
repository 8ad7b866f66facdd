"""The lines of source around the places of a finding, so that a page can show them wherever it is opened."""

from __future__ import annotations

import linecache
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from .writing import clip

#: So many lines are shown before and after each place; fewer where that makes more than `_MOST_LINES`.
_CONTEXTS = (6, 3, 1, 0)
_MOST_LINES = 1500
_WIDEST = 400


class Place(NamedTuple):
    """A line that is spoken of: ``file:line``, its text, and the number of the step that is there; 0 for none."""

    place: str
    source: str
    step: int = 0


class Line(NamedTuple):
    """A line of source: its number, its text, and the steps of the failing schedule that were there."""

    number: int
    text: str
    steps: tuple[int, ...]


class Listing(NamedTuple):
    """The lines of a file, in pieces of consecutive ones. `changed` if they are no longer those that ran."""

    file: str
    pieces: tuple[tuple[Line, ...], ...]
    changed: bool


def listings(places: Iterable[Place]) -> list[Listing]:
    """The sources of `places`, by file, in the order in which they are first spoken of."""
    files: dict[str, dict[int, str]] = {}
    steps: dict[str, list[int]] = {}
    for place in places:
        file, number = split(place.place)
        if number:
            files.setdefault(file, {}).setdefault(number, place.source)
            if place.step:
                steps.setdefault(place.place, []).append(place.step)
    texts = {file: linecache.getlines(file) for file in files}
    context = _context(files, texts)
    return [_listing(file, spoken, texts[file], steps, context) for file, spoken in files.items()]


def split(place: str) -> tuple[str, int]:
    """File and line of ``file:line``; the line is 0 if `place` is no such thing."""
    file, colon, line = place.rpartition(":")
    return (file, int(line)) if colon and line.isdecimal() else (place, 0)


def _context(files: Mapping[str, Mapping[int, str]], texts: Mapping[str, list[str]]) -> int:
    for context in _CONTEXTS:
        if sum(len(_around(spoken, len(texts[file]), context)) for file, spoken in files.items()) <= _MOST_LINES:
            return context
    return _CONTEXTS[-1]


def _around(spoken: Iterable[int], last: int, context: int) -> list[int]:
    near = {n for line in spoken for n in range(max(1, line - context), min(last, line + context) + 1)}
    return sorted(near | set(spoken))


def _listing(
    file: str, spoken: Mapping[int, str], text: list[str], steps: Mapping[str, list[int]], context: int
) -> Listing:
    """Where the file says something else than what ran, or is not there, only the lines that ran are shown."""
    found = {n: text[n - 1].rstrip("\n") if n <= len(text) else "" for n in _around(spoken, len(text), context)}
    changed = any(source and found[n].strip() != source for n, source in spoken.items())
    if changed:
        found = dict(sorted(spoken.items()))
    return Listing(file, tuple(_pieces(file, found, steps)), changed)


def _pieces(file: str, lines: Mapping[int, str], steps: Mapping[str, list[int]]) -> Iterator[tuple[Line, ...]]:
    piece: list[Line] = []
    for number, text in lines.items():
        if piece and number != piece[-1].number + 1:
            yield tuple(piece)
            piece = []
        here = tuple(dict.fromkeys(steps.get(f"{file}:{number}", ())))
        piece.append(Line(number, clip(text.expandtabs(4), _WIDEST), here))
    if piece:
        yield tuple(piece)
