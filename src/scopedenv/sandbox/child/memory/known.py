"""What is known of C code and of modules that are not watched: who only reads containers, who only keeps them."""

from __future__ import annotations

import bisect
import math
import operator

from .detect import READ, WRITE

#: Built-in functions that only read the containers that they are given.
READERS = frozenset(
    {
        *(all, any, ascii, bin, callable, chr, dir, divmod, format, hash, hex, id, isinstance, issubclass, iter, len),
        *(max, min, next, oct, ord, pow, print, repr, round, sorted, sum),
        *(operator.add, operator.concat, operator.countOf, operator.eq, operator.ge, operator.gt, operator.indexOf),
        *(operator.is_, operator.is_not, operator.le, operator.length_hint, operator.lt, operator.mul, operator.ne),
        *(operator.not_, operator.truth, bisect.bisect, bisect.bisect_left, bisect.bisect_right, math.fsum, math.prod),
    }
)
#: Modules whose Python functions only read the containers that they are given.
READING_MODULES = frozenset(
    {
        *(
            "_collections_abc",
            "abc",
            "collections",
            "copy",
            "dataclasses",
            "enum",
            "fnmatch",
            "functools",
            "inspect",
            "json",
            "json.encoder",
            "logging",
        ),
        *(
            "math",
            "operator",
            "os",
            "pickle",
            "posixpath",
            "pprint",
            "random",
            "re",
            "reprlib",
            "shlex",
            "statistics",
            "string",
        ),
        *("textwrap", "threading", "traceback", "types", "typing", "warnings", "contextlib", "asyncio", "unittest"),
    }
)
READING_METHODS = frozenset(
    {
        *(
            "__contains__",
            "__eq__",
            "__ge__",
            "__gt__",
            "__iter__",
            "__le__",
            "__len__",
            "__lt__",
            "__ne__",
            "__repr__",
        ),
        *("__reversed__", "__add__", "__mul__", "__rmul__", "__or__", "__and__", "__sub__", "__xor__", "__sizeof__"),
        *("copy", "count", "difference", "elements", "index", "intersection", "isdisjoint", "issubset", "issuperset"),
        *("items", "keys", "most_common", "symmetric_difference", "total", "union", "values", "decode", "endswith"),
        *(
            "find",
            "hex",
            "join",
            "split",
            "startswith",
            "tolist",
            "tobytes",
            "__getstate__",
            "__reduce_ex__",
            "__str__",
        ),
        *("__format__", "__hash__", "__class__", "__dir__", "__getattribute__", "__init_subclass__"),
    }
)
#: Modules whose methods only keep the containers that they are given.
KEEPING_MODULES = frozenset(
    {"asyncio", "collections", "concurrent", "contextvars", "multiprocessing", "queue", "sched", "threading", "weakref"}
)
#: Methods of containers that keep what they are given, and do not look into it.
KEEPING_METHODS = frozenset({"append", "appendleft", "insert", "put", "put_nowait"})
#: Methods with a key as their first argument: how they touch that item.
KEYED = {
    "__getitem__": READ,
    "get": READ,
    "__contains__": READ,
    "__setitem__": WRITE,
    "__delitem__": WRITE,
    "setdefault": WRITE,
    "pop": WRITE,
    "add": WRITE,
    "discard": WRITE,
    "remove": WRITE,
}

#: Functions that look at what is inside of what they are given, too.
DEEP_READERS = frozenset({ascii, format, hash, print, repr})
