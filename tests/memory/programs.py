"""Random little programs over plain memory, and all that they can do, found by trying every order of accesses.

A program is a list of threads, a thread a list of instructions. It is told twice: as Python source, for the sandbox to
run unmodified, and as micro-steps of one access each, for :func:`every_outcome`, which knows nothing of the sandbox: it
walks through all states that any interleaving reaches.

===================== ================================== ==========================================
instruction           Python                             micro-steps
===================== ================================== ==========================================
("read", x)           ``seen.append(S.x)``               read x
("write", x, v)       ``S.x = v``                        write x
("add", x, v)         ``S.x += v``                       read x; write x
("append", v)         ``ITEMS.append(v)``                append
("size",)             ``seen.append(len(ITEMS))``        look at the list
("first",)            ``seen.append(ITEMS[0])`` if any   look at the list; look at the list again
("put", k, v)         ``TABLE[k] = v``                   set the key
("get", k)            ``seen.append(TABLE.get(k))``      read the key
("lock", n, [...])    ``with LOCKS[n]: …``               take, …, give back
===================== ================================== ==========================================

The outcome is what every thread has seen, and what is left in the end.
"""

from __future__ import annotations

import random
from typing import Any

Instruction = tuple[Any, ...]
Program = list[list[Instruction]]
State = tuple[Any, ...]

_HEAD = """\
import threading


class Shared:
    def __init__(self):
        self.x = self.y = 0


def model():
    S, ITEMS, TABLE = Shared(), [], {}
    LOCKS = [threading.Lock(), threading.Lock()]
    views = [[] for _ in range(THREADS)]
"""
_TAIL = """\
    threads = [threading.Thread(target=work, args=(S, ITEMS, TABLE, LOCKS, seen)) for work, seen in zip(WORKS, views)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return tuple(map(tuple, views)), S.x, S.y, tuple(ITEMS), tuple(sorted(TABLE.items()))
"""


def generate(rng: random.Random) -> Program:
    """Two or three threads of two to four instructions."""
    threads = rng.choice((2, 2, 2, 3))
    length = 4 if threads == 2 else 2
    return [[_instruction(rng, 1) for _ in range(rng.randint(2, length))] for _ in range(threads)]


def _instruction(rng: random.Random, depth: int) -> Instruction:
    kind = rng.choice(
        ("read", "write", "add", "add", "append", "size", "first", "put", "get", *(("lock",) * 4 if depth else ()))
    )
    match kind:
        case "read":
            return kind, rng.choice("xy")
        case "write" | "add":
            return kind, rng.choice("xy"), rng.randint(1, 3)
        case "append":
            return kind, rng.randint(1, 3)
        case "put":
            return kind, rng.choice("ab"), rng.randint(1, 3)
        case "get":
            return kind, rng.choice("ab")
        case "lock":
            return kind, rng.randrange(2), [_instruction(rng, 0) for _ in range(rng.randint(1, 2))]
    return (kind,)


# -------------------------------------------------------------------------------------------------- as Python


def source(program: Program) -> str:
    """The program as a module with a function ``model``."""
    works = []
    for number, thread in enumerate(program):
        body = "".join(_lines(thread, "    "))
        works.append(f"def work_{number}(S, ITEMS, TABLE, LOCKS, seen):\n{body}\n")
    names = ", ".join(f"work_{number}" for number in range(len(program)))
    return _HEAD.replace("THREADS", str(len(program))) + _TAIL + "\n\n" + "\n".join(works) + f"\nWORKS = ({names},)\n"


def _lines(instructions: list[Instruction], indent: str) -> list[str]:
    found = []
    for instruction in instructions:
        match instruction:
            case ("read", name):
                found.append(f"seen.append(S.{name})")
            case ("write", name, value):
                found.append(f"S.{name} = {value}")
            case ("add", name, value):
                found.append(f"S.{name} += {value}")
            case ("append", value):
                found.append(f"ITEMS.append({value})")
            case ("size",):
                found.append("seen.append(len(ITEMS))")
            case ("first",):
                found.append("seen.append(ITEMS[0] if ITEMS else None)")
            case ("put", key, value):
                found.append(f"TABLE[{key!r}] = {value}")
            case ("get", key):
                found.append(f"seen.append(TABLE.get({key!r}))")
            case ("lock", number, inner):
                found.append(f"with LOCKS[{number}]:\n" + "".join(_lines(inner, indent + "    ")).rstrip("\n"))
    return [f"{indent}{line}\n" for line in found]


# --------------------------------------------------------------------------------------------- every outcome


def every_outcome(program: Program) -> set[Any]:
    """The set of what ``model`` can return."""
    steps = [_micro(thread) for thread in program]
    start: State = ((0,) * len(steps), (0,) * len(steps), ((),) * len(steps), 0, 0, (), (), (None, None))
    todo, seen, outcomes = [start], {start}, set()
    while todo:
        state = todo.pop()
        places = state[0]
        if all(place == len(thread) for place, thread in zip(places, steps, strict=True)):
            outcomes.add((state[2], *state[3:7]))
            continue
        for thread, place in enumerate(places):
            if place < len(steps[thread]):
                following = _step(state, thread, steps[thread][place])
                if following is not None and following not in seen:
                    seen.add(following)
                    todo.append(following)
    return outcomes


def _micro(instructions: list[Instruction]) -> list[Instruction]:
    found: list[Instruction] = []
    for instruction in instructions:
        match instruction:
            case ("add", name, value):
                found += [("load", name), ("store", name, value)]
            case ("first",):
                found += [("any",), ("first",)]
            case ("lock", number, inner):
                found += [("take", number), *_micro(inner), ("give", number)]
            case _:
                found.append(instruction)
    return found


def _step(state: State, thread: int, step: Instruction) -> State | None:
    """The state after `step`; None if it cannot be done now."""
    places, registers, views, x, y, items, table, locks = state
    values = {"x": x, "y": y}
    told: Any = _step  # nothing
    move = 1
    register = registers[thread]
    match step:
        case ("read", name):
            told = values[name]
        case ("write", name, value):
            values[name] = value
        case ("load", name):
            register = values[name]
        case ("store", name, value):
            values[name] = register + value
        case ("append", value):
            items = (*items, value)
        case ("size",):
            told = len(items)
        case ("any",):
            if not items:
                told, move = None, 2
        case ("first",):
            told = items[0]
        case ("put", key, value):
            table = tuple(sorted({**dict(table), key: value}.items()))
        case ("get", key):
            told = dict(table).get(key)
        case ("take", number):
            if locks[number] is not None:
                return None
            locks = _put(locks, number, thread)
        case ("give", number):
            locks = _put(locks, number, None)
    if told is not _step:
        views = _put(views, thread, (*views[thread], told))
    places = _put(places, thread, places[thread] + move)
    return places, _put(registers, thread, register), views, values["x"], values["y"], items, table, locks


def _put(items: tuple[Any, ...], place: int, item: Any) -> tuple[Any, ...]:
    return (*items[:place], item, *items[place + 1 :])
