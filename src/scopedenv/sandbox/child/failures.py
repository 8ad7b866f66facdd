"""What the controller is told of an exception that left a thread of the model."""

from __future__ import annotations

import traceback

from ..wire import Failed
from .places import Places, is_transparent

#: So many characters of an exception's text or traceback are told; the same for the repr of an outcome.
MOST_TEXT = 32_768


def describe_failure(places: Places, slot: int, error: BaseException) -> Failed:
    """The message for an exception: its type, text, and traceback without the frames of scopedenv and threading."""
    seen = traceback.TracebackException.from_exception(error)
    inner: BaseException | None = error
    part: traceback.TracebackException | None = seen
    while part is not None:
        kept = [f for f in part.stack if not is_transparent(f.filename)]
        if kept:
            part.stack = traceback.StackSummary.from_list(kept)
        part = part.__cause__ or part.__context__
    place, walk = -1, inner.__traceback__ if inner else None
    while walk is not None:
        code = walk.tb_frame.f_code
        if not is_transparent(code.co_filename):
            place = places.index(code, walk.tb_lineno)
        walk = walk.tb_next
    try:
        message = str(error)
    except BaseException as failure:  # the user's __str__
        message = f"<str() of the exception raised {type(failure).__name__}>"
    name, text = type(error).__qualname__, "".join(seen.format())
    return Failed(slot, _sendable(name), _sendable(message), _sendable(text), place)


def _sendable(text: str) -> str:
    """`text` as an exact ``str`` (the wire takes no other) of bounded length."""
    plain = str.__str__(text)
    more = len(plain) - MOST_TEXT
    return plain if more <= 0 else f"{plain[:MOST_TEXT]} … and {more} more characters"
