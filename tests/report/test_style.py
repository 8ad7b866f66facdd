"""Colours of the page: what is written in them can be read on every ground (WCAG 2.2, 1.4.3 and 1.4.11)."""

from __future__ import annotations

import itertools
import re
from importlib.resources import files

import pytest

STYLE = files("scopedenv.sandbox.report").joinpath("templates", "style.css").read_text(encoding="utf-8")
SCHEMES = [
    dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block)) for block in re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
]
GROUNDS = ("ground", "surface", "lane", "accent-ground", "warn-ground")
WRITTEN = ("text", "quiet", "accent", "bad", "good", "warn", *(f"tone-{number}" for number in range(6)))
DRAWN = ("value", "lock", "life", "wait")


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_black_on_white_has_the_greatest_contrast() -> None:
    assert contrast("#000000", "#ffffff") == 21.0
    assert contrast("#ffffff", "#ffffff") == 1.0


@pytest.mark.parametrize("scheme", SCHEMES, ids=["light", "dark"])
def test_what_is_written_and_drawn_stands_out(scheme: dict[str, str]) -> None:
    for ground, name in itertools.product(GROUNDS, (*WRITTEN, *DRAWN)):
        least = 4.5 if name in WRITTEN else 3.0
        assert contrast(scheme[name], scheme[ground]) >= least, f"{name} on {ground}"
