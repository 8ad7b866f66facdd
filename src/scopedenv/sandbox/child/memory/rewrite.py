"""Rewriting one code object: before every instruction that touches memory, a call that says so.

``STORE_ATTR balance`` becomes: copy the object and the value that lie on the stack, call a hook with them, drop its
answer, ``STORE_ATTR balance``. So a hook sees the object itself, however the program came by it: out of a tuple, a
generator, a weak reference, an argument. Nothing is guessed from names, no source is needed, and what the code does is
not changed. The one exception is ``GET_ITER``, whose hook may hand back an iterator that tells of every turn.

The rewriting itself (jumps, exception table, line table) is the ``bytecode`` package's. The opcodes are those of
CPython 3.11, 3.12 and 3.13; :data:`_PLANS` names each once, under every name that it has had.

A method call is rewritten so that the callable lies on the stack as an object (``LOAD_ATTR`` and ``PUSH_NULL`` instead
of ``LOAD_METHOD``, whose two results cannot be told apart from here).

Names. An attribute that no watched code ever stores cannot be in conflict, so reading it needs no hook; that spares
nearly all method look-ups. The same for globals. ``names`` is the set of those that are stored.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Container
from types import CodeType
from typing import Any

from bytecode import BinaryOp, Bytecode, Instr
from bytecode.instr import CellVar

from . import hooks

_NEW_CALLS = sys.version_info >= (3, 13)  # the callable comes first, its NULL after it
_PRECALL = sys.version_info < (3, 12)
_CELL = "LOAD_FAST" if _NEW_CALLS else "LOAD_CLOSURE"
#: So much deeper a hook call makes the stack, beside the copies.
_ROOM = 8
_IMMUTABLE_CONSTANTS = (int, float, complex, bool, type(None))
_BOOLEAN = frozenset({"COMPARE_OP", "CONTAINS_OP", "IS_OP", "UNARY_NOT", "TO_BOOL"})
_CALLS = frozenset({"CALL", "CALL_KW"})


class _Rewriter:
    """Goes through the instructions of one code object."""

    def __init__(self, code: CodeType, names: Container[str]) -> None:
        self._names = names
        self._module = code.co_name == "<module>"
        self._before = Bytecode.from_code(code, conserve_exception_block_stackdepth=True)
        self._out: list[Any] = []
        self._deepest = 0
        self._held: list[Instr] = []
        self._last: Instr | None = None

    def rewritten(self, code: CodeType, inner: Callable[[CodeType], CodeType]) -> CodeType:
        """The code with hooks; code objects among its constants go through `inner`."""
        for item in self._before:
            if not isinstance(item, Instr):
                self._out.append(item)
                self._last = None  # a label: what lies on the stack may come from elsewhere
                continue
            if isinstance(item.arg, CodeType):
                item = Instr(item.name, inner(item.arg), location=item.location)
            if item.name in ("KW_NAMES", "PRECALL"):
                self._held.append(item)  # right before their CALL: the hook goes before them
                continue
            plan = _PLANS.get(item.name)
            if plan is not None:
                plan(self, item)
            self._out += [*self._held, item]
            self._held.clear()
            if item.name == "RESUME" and item.arg == 0 and code.co_name == "__init__" and code.co_argcount:
                self._born(code.co_varnames[0], code, item)
            self._last = item
        self._before[:] = self._out
        return self._before.to_code(
            stacksize=code.co_stacksize + self._deepest + _ROOM,
            compute_exception_stack_depths=False,  # the compiler's own hold: a hook leaves the stack as it was
        )

    # ------------------------------------------------------------------------------------------ putting in

    def call(self, item: Any, hook: Callable[..., Any], *arguments: int | Instr | str, keep: bool = False) -> None:
        """Put in a call of `hook`. An int is a depth of the stack (1 is its top) to copy, an Instr what pushes the
        argument, a str (or other constant in an Instr) a constant. With `keep` the answer stays on the stack.
        """
        where = item.location
        head = [Instr("LOAD_CONST", hook, location=where), Instr("PUSH_NULL", location=where)]
        self._out += head if _NEW_CALLS else reversed(head)
        for place, argument in enumerate(arguments):
            if isinstance(argument, int):
                self._out.append(Instr("COPY", argument + 2 + place, location=where))
            elif isinstance(argument, Instr):
                self._out.append(argument)
            else:
                self._out.append(Instr("LOAD_CONST", argument, location=where))
        if _PRECALL:
            self._out.append(Instr("PRECALL", len(arguments), location=where))
        self._out.append(Instr("CALL", len(arguments), location=where))
        if not keep:
            self._out.append(Instr("POP_TOP", location=where))
        self._deepest = max(self._deepest, len(arguments) + 2)

    def _born(self, name: str, code: CodeType, item: Any) -> None:
        if name in code.co_cellvars:
            load = Instr("LOAD_DEREF", CellVar(name), location=item.location)
        else:
            load = Instr("LOAD_FAST", name, location=item.location)
        self.call(item, hooks.born, load)

    # ---------------------------------------------------------------------------------------------- plans

    def load_attribute(self, item: Any) -> None:
        """``x.name``, also as the first half of a method call."""
        name, method = _attribute(item)
        if name in self._names:
            self.call(item, hooks.load_attribute, 1, name)
        if method:
            self._split(item, "LOAD_ATTR", (False, name) if sys.version_info >= (3, 12) else name)

    def load_super(self, item: Any) -> None:
        """``super().name``: the built-in, the class and the object lie on the stack."""
        method, explicit, name = item.arg
        if name in self._names:
            self.call(item, hooks.load_super, 2, 1, name)
        if method:
            self._split(item, "LOAD_SUPER_ATTR", (False, explicit, name))

    def _split(self, item: Any, look_up: str, argument: Any) -> None:
        """A look-up of a method as that of an attribute and a NULL; `item` becomes the last part of it."""
        self._out.append(Instr(look_up, argument, location=item.location))
        self._out.append(Instr("PUSH_NULL", location=item.location))
        if _NEW_CALLS:
            item.set("NOP")
        else:
            item.set("SWAP", 2)

    def store_attribute(self, item: Any) -> None:
        """``x.name = value``."""
        self.call(item, hooks.store_attribute, 2, 1, item.arg)

    def delete_attribute(self, item: Any) -> None:
        """``del x.name``."""
        self.call(item, hooks.delete_attribute, 1, item.arg)

    def load_global(self, item: Any) -> None:
        """A global variable, if watched code assigns it."""
        name = item.arg[1] if isinstance(item.arg, tuple) else item.arg
        if name in self._names:
            self.call(item, hooks.load_global, name)

    def store_global(self, item: Any) -> None:
        """Assignment or deletion of a global variable."""
        if item.name.startswith("DELETE"):
            self.call(item, hooks.delete_global, item.arg)
        else:
            self.call(item, hooks.store_global, 1, item.arg)

    def module_name(self, item: Any) -> None:
        """The same in the body of a module, where globals are plain names."""
        if self._module:
            (self.load_global if item.name == "LOAD_NAME" else self.store_global)(item)

    def load_cell(self, item: Any) -> None:
        """A closure variable."""
        if str(item.arg.name) in self._names:
            self.call(item, hooks.load_cell, self._cell(item), item.arg.name)

    def store_cell(self, item: Any) -> None:
        """Assignment to a closure variable."""
        self.call(item, hooks.store_cell, 1, self._cell(item), item.arg.name)

    def delete_cell(self, item: Any) -> None:
        """Deletion of a closure variable."""
        self.call(item, hooks.delete_cell, self._cell(item), item.arg.name)

    def _cell(self, item: Any) -> Instr:
        return Instr(_CELL, item.arg, location=item.location)

    def subscript(self, item: Any) -> None:
        """``x[key]`` in its three forms."""
        match item.name:
            case "BINARY_SUBSCR":
                self.call(item, hooks.load_item, 2, 1)
            case "STORE_SUBSCR":
                self.call(item, hooks.store_item, 3, 2, 1)
            case _:
                self.call(item, hooks.delete_item, 2, 1)

    def load_slice(self, item: Any) -> None:
        """``x[a:b]``: the container is the third from the top."""
        self.call(item, hooks.read, 3)

    def store_slice(self, item: Any) -> None:
        """``x[a:b] = value``."""
        self.call(item, hooks.store_slice, 4, 3)

    def contains(self, item: Any) -> None:
        """``value in x``."""
        self.call(item, hooks.contains, 2, 1)

    def iterate(self, item: Any) -> None:
        """The beginning of a loop: what is iterated over may be replaced."""
        self.call(item, hooks.iterate, 1, keep=True)
        self._out += [Instr("SWAP", 2, location=item.location), Instr("POP_TOP", location=item.location)]

    def read(self, item: Any) -> None:
        """The object on top is read as a whole: unpacked, spread into another one."""
        self.call(item, hooks.read, 1)

    def format(self, item: Any) -> None:
        """A value becomes text."""
        spec = item.name == "FORMAT_WITH_SPEC" or (item.name == "FORMAT_VALUE" and item.arg & 4)
        self.call(item, hooks.show, 2 if spec else 1)

    def truth(self, item: Any) -> None:
        """Whether a container is empty; what is a bool already needs no look."""
        if self._last is None or self._last.name not in _BOOLEAN:
            self.call(item, hooks.read, 1)

    def compare(self, item: Any) -> None:
        """A comparison of two values."""
        if not self._simple_constant():
            self.call(item, hooks.compare, 2, 1)

    def binary(self, item: Any) -> None:
        """An operator; the in-place ones may change their left operand."""
        operator = item.arg
        if self._simple_constant() and operator not in (BinaryOp.MULTIPLY, BinaryOp.INPLACE_MULTIPLY):
            return
        in_place = isinstance(operator, BinaryOp) and operator.name.startswith("INPLACE")
        self.call(item, hooks.in_place if in_place else hooks.read_both, 2, 1)

    def _simple_constant(self) -> bool:
        last = self._last
        return last is not None and last.name == "LOAD_CONST" and isinstance(last.arg, _IMMUTABLE_CONSTANTS)

    def match_class(self, item: Any) -> None:
        """``case Point(x=…)``: subject, class, names."""
        self.call(item, hooks.match_class, 3, 2, 1)

    def match_keys(self, item: Any) -> None:
        """``case {"k": …}``: subject, keys."""
        self.call(item, hooks.match_keys, 2, 1)

    def calls(self, item: Any) -> None:
        """A call: what is called, and the arguments given by place (those by keyword lie there, too)."""
        above = item.name == "CALL_KW"  # the names of the keywords lie on top
        count = int(item.arg)
        callee = count + above + (2 if _NEW_CALLS else 1)
        self.call(item, hooks.call, callee, *range(count + above, above, -1))

    def call_spread(self, item: Any) -> None:
        """``f(*args, **kwargs)``."""
        keywords = int(item.arg) & 1
        callee = 2 + keywords + _NEW_CALLS
        arguments = (2, 1) if keywords else (1,)
        self.call(item, hooks.call_spread, callee, *arguments)


def _attribute(item: Any) -> tuple[str, bool]:
    """The attribute's name, and whether this is the first half of a method call."""
    if isinstance(item.arg, tuple):
        method, name = item.arg
        return name, bool(method)
    return item.arg, item.name == "LOAD_METHOD"


_PLANS: dict[str, Callable[[_Rewriter, Any], None]] = {
    "LOAD_ATTR": _Rewriter.load_attribute,
    "LOAD_METHOD": _Rewriter.load_attribute,
    "IMPORT_FROM": _Rewriter.load_attribute,
    "LOAD_SUPER_ATTR": _Rewriter.load_super,
    "STORE_ATTR": _Rewriter.store_attribute,
    "DELETE_ATTR": _Rewriter.delete_attribute,
    "LOAD_GLOBAL": _Rewriter.load_global,
    "STORE_GLOBAL": _Rewriter.store_global,
    "DELETE_GLOBAL": _Rewriter.store_global,
    "LOAD_NAME": _Rewriter.module_name,
    "STORE_NAME": _Rewriter.module_name,
    "DELETE_NAME": _Rewriter.module_name,
    "LOAD_DEREF": _Rewriter.load_cell,
    "STORE_DEREF": _Rewriter.store_cell,
    "DELETE_DEREF": _Rewriter.delete_cell,
    "BINARY_SUBSCR": _Rewriter.subscript,
    "STORE_SUBSCR": _Rewriter.subscript,
    "DELETE_SUBSCR": _Rewriter.subscript,
    "BINARY_SLICE": _Rewriter.load_slice,
    "STORE_SLICE": _Rewriter.store_slice,
    "CONTAINS_OP": _Rewriter.contains,
    "GET_ITER": _Rewriter.iterate,
    "UNPACK_SEQUENCE": _Rewriter.read,
    "UNPACK_EX": _Rewriter.read,
    "LIST_EXTEND": _Rewriter.read,
    "SET_UPDATE": _Rewriter.read,
    "DICT_UPDATE": _Rewriter.read,
    "DICT_MERGE": _Rewriter.read,
    "GET_LEN": _Rewriter.read,
    "FORMAT_VALUE": _Rewriter.format,
    "FORMAT_SIMPLE": _Rewriter.format,
    "FORMAT_WITH_SPEC": _Rewriter.format,
    "CONVERT_VALUE": _Rewriter.format,
    "COMPARE_OP": _Rewriter.compare,
    "BINARY_OP": _Rewriter.binary,
    "UNARY_NOT": _Rewriter.truth,
    "MATCH_CLASS": _Rewriter.match_class,
    "MATCH_KEYS": _Rewriter.match_keys,
    "CALL": _Rewriter.calls,
    "CALL_KW": _Rewriter.calls,
    "CALL_FUNCTION_EX": _Rewriter.call_spread,
}
_TRUTH = (
    ["TO_BOOL"]
    if _NEW_CALLS
    else [
        *(f"POP_JUMP_{way}IF_{what}" for way in ("", "FORWARD_", "BACKWARD_") for what in ("TRUE", "FALSE")),
        "JUMP_IF_TRUE_OR_POP",
        "JUMP_IF_FALSE_OR_POP",
    ]
)
_PLANS.update(dict.fromkeys(_TRUTH, _Rewriter.truth))


def rewrite(code: CodeType, names: Container[str], inner: Callable[[CodeType], CodeType]) -> CodeType:
    """`code` with a hook before everything that touches memory.

    Args:
        code: of a function, lambda, comprehension, generator, coroutine, class body or module.
        names: the attributes, globals and closure variables that some watched code stores.
        inner: what to do with the code objects among its constants.
    """
    if _NEW_CALLS and not set(code.co_cellvars).isdisjoint(code.co_freevars):
        # A name that is free, and captured from a comprehension that the compiler has put into the same function.
        # ``bytecode`` cannot take that apart on 3.13, so this function is not watched; functions inside it are.
        return code.replace(
            co_consts=tuple(inner(each) if isinstance(each, CodeType) else each for each in code.co_consts)
        )
    return _Rewriter(code, names).rewritten(code, inner)
