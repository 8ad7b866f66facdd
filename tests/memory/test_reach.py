"""However a program comes by an object: a lost update on it is found, in exactly four traces.

R W and r w on one location: R w, r W and W w are in conflict. Of the six interleavings R r W w and r R W w are one
trace, R r w W and r R w W are another; those, and R W r w and r w R W, are four. In the first two an update is lost.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from . import reach_calls, reach_classes, reach_containers, reach_objects, reach_protocols
from .checks import passed, together
from .reach_objects import Account, Way

WAYS = [
    way
    for module in (reach_objects, reach_classes, reach_calls, reach_protocols, reach_containers)
    for way in module.WAYS
]
#: Those where it matters who named the object: the walk before the exploration, or the thread that made it.
NAMED_BEFORE = [
    reach_objects.a_global,
    reach_objects.a_closure_variable,
    reach_objects.a_default_argument,
    reach_objects.nested_containers,
    reach_classes.a_module_attribute,
    reach_classes.a_cached_property,
    reach_classes.a_weak_reference,
    reach_classes.a_function_attribute,
    reach_protocols.a_partial,
    reach_protocols.a_bound_method_itself,
    reach_protocols.a_callable_instance,
    reach_protocols.slots,
    reach_protocols.code_made_by_exec,
    reach_containers.a_dict,
    reach_containers.a_memoryview,
    reach_containers.a_subclass_of_dict,
    reach_containers.a_counter,
    reach_containers.a_dict_in_a_namespace,
]


@pytest.mark.parametrize("find", WAYS, ids=lambda find: find.__name__)
def test_what_the_model_makes(find: Callable[[], Way]) -> None:
    def model() -> Any:
        add, look = find()
        together(add, add)
        return look()

    passed(model, {1, 2}, 4)


@pytest.mark.parametrize("find", NAMED_BEFORE, ids=lambda find: find.__name__)
def test_what_is_there_before_the_exploration(find: Callable[[], Way]) -> None:
    add, look = find()

    def model() -> Any:
        together(add, add)
        return look()

    passed(model, {1, 2}, 4)


def test_a_look_up_in_a_default_dict_counts_as_a_write() -> None:
    """It may add the key, and whether it will depends on the others: W W and w w, all in conflict, in 6 orders."""

    def model() -> int:
        numbers: dict[str, int] = defaultdict(int)

        def add() -> None:
            numbers["n"] += 1

        together(add, add)
        return numbers["n"]

    passed(model, {1, 2}, 6)


def test_functions_in_a_pool() -> None:
    """The pool has orders of its own, so this is about the outcomes."""

    def model() -> int:
        account = Account()

        def add() -> None:
            account.balance += 1

        with ThreadPoolExecutor(2) as pool:
            pool.submit(add)
            pool.submit(add)
        return account.balance

    passed(model, {1, 2})
