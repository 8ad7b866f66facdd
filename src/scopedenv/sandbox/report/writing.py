"""Text of programs, made fit to be shown: bounded, and without characters that change how the rest is read."""

from __future__ import annotations

import re
import textwrap

#: Controls but tab and newline, those that turn the direction of writing (CVE-2021-42574), and halves of characters.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def clean(text: str) -> str:
    """`text` with escapes in place of what could not be seen, or not be written as UTF-8."""
    return _UNSEEN.sub(_escaped, text.replace("\r\n", "\n"))


def clip(text: str, most: int) -> str:
    """`text` cleaned, at most about `most` characters of it, saying how many are left out."""
    if len(text) <= most:
        return clean(text)
    return f"{clean(text[:most])}… ({len(text) - most:,} characters left out)"


def shorten(text: str, most: int) -> str:
    """The first line of `text`, cleaned, no longer than `most`, with an ellipsis where something is missing."""
    line = clean(text).partition("\n")[0].replace("\t", " ")
    return line if len(line) <= most and "\n" not in text else f"{line[: most - 1]}…"


def wrap(text: str, width: int, most: int) -> list[str]:
    """`text` in at most `most` lines of at most `width` characters, the last with an ellipsis if there is more."""
    lines = textwrap.wrap(clean(text[: width * (most + 1)]), width) or [""]
    if len(lines) > most:
        lines[most - 1 :] = [f"{lines[most - 1][: width - 1]}…"]
    return lines


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
