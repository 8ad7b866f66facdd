"""Writing a model so that another process can have it, and reading it there. Done by dill.

What is in a module that can be imported travels as its name: the other process imports it. What is in ``__main__``
travels itself, with everything of ``__main__`` that its functions name; there it is put into ``__main__`` again, so
that functions which share variables go on sharing them. (dill's own way, ``recurse=True``, gives every function
variables of its own.)
"""

from __future__ import annotations

import dis
import io
import itertools
import sys
import threading
from collections.abc import Iterator
from types import CodeType, FunctionType
from typing import Any

_GLOBAL = frozenset({"LOAD_GLOBAL", "LOAD_NAME", "STORE_GLOBAL", "DELETE_GLOBAL"})


class CannotTravel(ValueError):
    """Something of the model cannot be written; the text says what."""


def written(model: Any) -> bytes:
    """`model` for another process. Raises CannotTravel."""
    main = vars(sys.modules["__main__"])
    names: set[str] = set()
    while True:
        data, needed = _written(({name: main[name] for name in main if name in names}, model), main)
        if needed <= names:
            return data
        names |= needed


def read(data: bytes) -> Any:
    """What :func:`written` wrote."""
    import dill

    variables, model = dill.loads(data)
    vars(sys.modules["__main__"]).update(variables)
    return model


def threads_named() -> int:
    """The number that the next thread without a name gets in its name."""
    return int(repr(vars(threading)["_counter"].__self__).removeprefix("count(").removesuffix(")"))


def name_threads_from(number: int) -> None:
    """Go on from what :func:`threads_named` said elsewhere: models see names, and reports show them."""
    vars(threading)["_counter"] = itertools.count(number).__next__


def _written(value: Any, main: dict[str, Any]) -> tuple[bytes, set[str]]:
    """`value`, and the variables of ``__main__`` that its functions name."""
    import dill

    needed: set[str] = set()

    class Pickler(dill.Pickler):  # type: ignore[misc]
        def persistent_id(self, obj: Any) -> None:
            """Asked for every object that is written; none has an identity of its own."""
            if type(obj) is FunctionType and obj.__globals__ is main:
                needed.update(name for name in _named(obj.__code__) if name in main)

    file = io.BytesIO()
    try:
        Pickler(file, recurse=False).dump(value)
    except Exception as error:
        raise CannotTravel(
            f"the model {value[1][0]!r} cannot be sent to the workers of an executor: {type(error).__name__}: {error}"
        ) from error
    return file.getvalue(), needed


def _named(code: CodeType) -> Iterator[str]:
    """The global variables that `code`, or code inside it, names."""
    yield from (instruction.argval for instruction in dis.get_instructions(code) if instruction.opname in _GLOBAL)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _named(constant)
