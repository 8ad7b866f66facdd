"""Short texts of values for a report. Never runs code of the program: only exact built-in types are shown."""

from __future__ import annotations

from typing import Any

_PLAIN = frozenset({bool, int, float, complex, str, bytes, type(None)})
_LIMIT = 60


def describe(value: Any) -> str:
    """At most 60 characters that say what `value` is."""
    kind = type(value)
    if kind in _PLAIN or (kind in (tuple, list) and len(value) <= 8 and all(type(item) in _PLAIN for item in value)):
        text = repr(value)
    else:
        text = f"<{kind.__qualname__}>"
    return text if len(text) <= _LIMIT else text[: _LIMIT - 1] + "…"
