"""Twelve small programs with threads, each written once and run by every tool: a state, workers, and what must hold.

Tools differ in how a program is handed to them; :mod:`peers` has one adapter for each. So a program is a function that
makes the shared state, functions that get it, each to be a thread of its own, and a question about the state when all
of them are over. `right` says whether the answer is yes in every schedule, and no schedule ends in a deadlock.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Program:
    """A program, and the truth about it."""

    setup: Callable[[], Any]
    workers: tuple[Callable[[Any], None], ...]
    holds: Callable[[Any], bool]
    right: bool


class State:
    """What the threads of one program share; a program uses some of it."""

    def __init__(self) -> None:
        self.number = 0
        self.other = 0
        self.made = 0
        self.thing: object | None = None
        self.table = {"hits": 0}
        self.seen: list[int] = []
        self.first = threading.Lock()
        self.second = threading.Lock()
        self.condition = threading.Condition()
        self.event = threading.Event()
        self.permits = threading.Semaphore(1)
        self.jobs: queue.Queue[int] = queue.Queue()


def add_bare(state: State) -> None:
    state.number += 1


def add_locked_twice(state: State) -> None:
    for _ in range(2):
        with state.first:
            state.number += 1


def add_with_permit(state: State) -> None:
    with state.permits:
        state.number += 1


def add_to_item(state: State) -> None:
    state.table["hits"] = state.table["hits"] + 1


def withdraw(state: State) -> None:
    if state.number == 0:
        state.number -= 1


def make_once(state: State) -> None:
    if state.thing is None:
        state.thing = object()
        state.made += 1


def first_then_second(state: State) -> None:
    with state.first, state.second:
        state.number += 1


def second_then_first(state: State) -> None:
    with state.second, state.first:
        state.number += 1


def there(state: State) -> None:
    with state.first, state.second:
        state.number -= 1
        state.other += 1


def and_back(state: State) -> None:
    with state.first, state.second:
        state.other -= 1
        state.number += 1


def wait_unasked(state: State) -> None:
    """Wrong: a notification that came before is missed."""
    with state.condition:
        state.condition.wait()


def notify(state: State) -> None:
    with state.condition:
        state.condition.notify()


def produce(state: State) -> None:
    for job in (1, 2):
        state.jobs.put(job)


def consume(state: State) -> None:
    for _ in range(2):
        state.seen.append(state.jobs.get())


def publish(state: State) -> None:
    state.number = 1
    state.event.set()


def await_event(state: State) -> None:
    state.event.wait()
    state.other = state.number


def both_counted(state: State) -> bool:
    return state.number == 2


def is_over(state: State) -> bool:
    """Nothing is asked of the state but that the program gets here."""
    return state.number == 0


PROGRAMS: dict[str, Program] = {
    "counter with lock": Program(State, (add_locked_twice,) * 3, lambda state: state.number == 6, True),
    "semaphore as lock": Program(State, (add_with_permit,) * 3, lambda state: state.number == 3, True),
    "lock order kept": Program(State, (first_then_second,) * 3, lambda state: state.number == 3, True),
    "transfer, two locks": Program(
        State, (there, and_back, there, and_back), lambda state: state.number + state.other == 0, True
    ),
    "queue, two items": Program(State, (produce, consume), lambda state: state.seen == [1, 2], True),
    "event": Program(State, (publish, await_event), lambda state: state.other == 1, True),
    "lost update": Program(State, (add_bare, add_bare), both_counted, False),
    "update of an item": Program(State, (add_to_item, add_to_item), lambda state: state.table["hits"] == 2, False),
    "check, then act": Program(State, (withdraw, withdraw), lambda state: state.number == -1, False),
    "lazy initialization": Program(State, (make_once, make_once), lambda state: state.made == 1, False),
    "lock order AB, BA": Program(State, (first_then_second, second_then_first), both_counted, False),
    "missed notification": Program(State, (wait_unasked, notify), is_over, False),
}
