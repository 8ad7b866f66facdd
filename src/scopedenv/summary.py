"""What the log says: bounded, redacted text of a change set, and the log itself.

Names and whether they are set appear, never a value. logging is not imported on the plain path (it would be
half of the import time of the package): as long as nobody else has imported it, nobody has asked to see debug
records.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import logging
    from collections.abc import Sequence

    Changes = Sequence[tuple[str | bytes, str | bytes | None]]

MAX_CHARACTERS = 512
"""The longest log message, in characters, the verb and the count of what was left out included."""

DEBUG = 10
"""``logging.DEBUG``, the level of all records but those about misuse."""


def printable(name: str | bytes) -> str:
    """Return `name` as text that cannot break a log line: what is not printable is escaped."""
    text = name if isinstance(name, str) else name.decode("utf-8", "surrogateescape")
    return text if text.isprintable() else ascii(text)[1:-1]


def describe(changes: Changes) -> list[str]:
    """Return one ``NAME=set`` or ``NAME=unset`` for each pair of name and value (`None`: unset)."""
    return [f"{printable(name)}={'unset' if value is None else 'set'}" for name, value in changes]


def summarize(verb: str, changes: Changes) -> str:
    """Return the log message for `changes`, at most `MAX_CHARACTERS` long.

    Changes that do not fit are counted: ``applied A=set, B=unset … + 3 more``.
    """
    parts = describe(changes)
    whole = f"{verb} {', '.join(parts) or 'nothing'}"
    return whole if len(whole) <= MAX_CHARACTERS else _cut(verb, parts)


def log_error(message: str, error: BaseException | None = None) -> None:
    """Log a fault of use, with the traceback of `error` if there is one."""
    logger().error("%s", message, exc_info=error)


def logger() -> logging.Logger:
    """Return the logger ``scopedenv``; imports logging."""
    import logging

    return logging.getLogger("scopedenv")


def _cut(verb: str, parts: list[str]) -> str:
    """Keep as many leading parts as leave room for the count of the rest."""
    room = MAX_CHARACTERS - len(f" … + {len(parts)} more")
    text = verb
    for kept, part in enumerate(parts):
        longer = f"{text}, {part}" if kept else f"{text} {part}"
        if len(longer) > room:
            return f"{text} … + {len(parts) - kept} more"
        text = longer
    return text
