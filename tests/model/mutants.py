"""Broken guards: the real source with a few lines exchanged, loaded as a package of its own.

Each mutant names the promise that finds it out (a function of this package's test modules) and is otherwise the
guard of today: its text is read from the installed package. A snippet that is to be exchanged must occur exactly
once, so a mutant cannot turn into the right guard when the source changes; `build` says which one has to be
rewritten. Errors and log texts are shared with the real package, so a promise catches what it expects to catch.
"""

from __future__ import annotations

import contextlib
import linecache
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.model import test_endings, test_nesting, test_serialization

import scopedenv

PARTS = ("scope", "tasks", "state", "guard")
"""The modules that a mutant has of its own, each after those that it imports."""

# A mutant is never forked inside a scope, and what is registered to run at a fork stays so for ever.
_NO_FORK_HANDLER = ("state", 'if hasattr(os, "register_at_fork"):', "if False:")


@dataclass(frozen=True)
class Mutant:
    """A broken guard: what is wrong with it, who finds that, and (module, text, replacement) of the source.

    `within`: the executions after which it must have been found, whatever the strategy of the sandbox is.
    """

    name: str
    found_by: Callable[[Any], Any]
    exchanges: tuple[tuple[str, str, str], ...]
    within: int = 100


def mutant(name: str, found_by: Callable[[Any], Any], part: str, *texts: str) -> Mutant:
    """A mutant in one module; `texts` are snippets and replacements in turn."""
    return Mutant(name, found_by, tuple((part, *pair) for pair in zip(texts[::2], texts[1::2], strict=True)))


ACQUIRING = "    if _holder is not state:\n        if timeout is None:\n"
CLOSING = "    scope.ended = CLOSED\n    failure = state.unwind()\n"

INTACT = Mutant("nothing is wrong with it", test_serialization.test_two_threads_never_see_each_other, ())

MUTANTS = (
    # --- the lock
    mutant(
        "no lock",
        test_serialization.test_two_threads_never_see_each_other,
        "state",
        "ENV_LOCK = threading.RLock()",
        'ENV_LOCK = type("NoLock", (), {"acquire": lambda self, **_: True, "release": lambda self: None})()',
    ),
    mutant(
        "the lock is released before the variables are restored",
        test_serialization.test_a_reader_with_a_guard_never_sees_half_a_change,
        "state",
        "                failure = scope.restore() or failure\n",
        "                if len(stack) == 1:\n"
        "                    ENV_LOCK.release()\n"
        "                failure = scope.restore() or failure\n",
    ),
    mutant(
        "the end of an inner scope releases the lock",
        test_nesting.test_the_end_of_an_inner_scope_does_not_let_others_in,
        "state",
        "                if not stack:\n                    if _holder is self:\n",
        "                if True:\n                    if _holder is self:\n",
    ),
    mutant(
        "the end of the outermost scope releases the lock though an inner one is open",
        test_nesting.test_an_outer_scope_closed_first_leaves_the_inner_one_its_values,
        "state",
        CLOSING,
        f"    if scope is stack[0] and len(stack) > 1:\n        ENV_LOCK.release()\n{CLOSING}",
    ),
    mutant(
        "a thread waits for itself",
        test_nesting.test_nested_scopes_of_two_threads,
        "state",
        "ENV_LOCK = threading.RLock()",
        "ENV_LOCK = threading.Lock()",
        ACQUIRING,
        "    if True:\n        if timeout is None:\n",
    ),
    mutant(
        "every scope acquires the lock and only the last one releases it",
        test_nesting.test_the_end_of_an_inner_scope_does_not_let_others_in,
        "state",
        ACQUIRING,
        "    if True:\n        if timeout is None:\n",
    ),
    mutant(
        "the holder is not forgotten",
        test_serialization.test_scopes_of_one_thread_after_another_take_the_lock_anew,
        "state",
        "                    if _holder is self:\n                        _holder = None\n",
        "",
    ),
    mutant(
        "a timeout is ignored",
        test_endings.test_a_timeout_lets_in_or_raises,
        "state",
        "            raise timed_out(timeout)\n",
        "            pass\n",
    ),
    # --- what is saved
    mutant(
        "old values are read before the lock is taken",
        test_serialization.test_two_threads_never_see_each_other,
        "state",
        ACQUIRING,
        "    early = [(n, (os.environ if type(n) is str else os.environb).get(n)) for n, _ in changes]\n" + ACQUIRING,
        "        raise\n    return scope\n",
        "        raise\n    scope.saved = tuple(early)\n    return scope\n",
    ),
    mutant(
        "the old values of variables to unset are not saved",
        test_serialization.test_unset_variables_stay_unset_in_the_scope,
        "scope",
        "            self.saved += ((name, old),)\n",
        "            if value is not None:\n                self.saved += ((name, old),)\n",
    ),
    mutant(
        "an inner scope does not save what an outer one has saved",
        test_nesting.test_nested_scopes_of_two_threads,
        "scope",
        "            self.saved += ((name, old),)\n",
        "            if not any(name == n for scope in self.state.stack[:-1] for n, _ in scope.saved):\n"
        "                self.saved += ((name, old),)\n",
    ),
    # --- what is restored
    mutant(
        "only the last change is restored",
        test_serialization.test_two_threads_never_see_each_other,
        "scope",
        "        for name, old in reversed(saved):\n",
        "        for name, old in saved[-1:]:\n",
    ),
    mutant(
        "what was unset stays set",
        test_serialization.test_unset_variables_stay_unset_in_the_scope,
        "scope",
        "                else:\n                    environ.__delitem__(name)\n",
        "",
    ),
    mutant(
        "the first scope is restored first",
        test_nesting.test_the_end_of_an_inner_scope_does_not_let_others_in,
        "state",
        "        while stack and (scope := stack[-1]).ended",
        "        while stack and (scope := stack[0]).ended",
        "                stack.pop()\n",
        "                stack.pop(0)\n",
    ),
    mutant(
        "an outer scope closed first is restored at once",
        test_nesting.test_an_outer_scope_closed_first_leaves_the_inner_one_its_values,
        "state",
        CLOSING,
        "    scope.restore()\n" + CLOSING,
    ),
    mutant(
        "an outer scope closed first is never restored",
        test_nesting.test_an_outer_scope_closed_first_leaves_the_inner_one_its_values,
        "state",
        CLOSING,
        "    if stack[-1] is not scope:\n        stack.remove(scope)\n        return\n" + CLOSING,
    ),
    mutant(
        "the end of a scope ends the inner ones too",
        test_nesting.test_three_scopes_closed_in_any_order,
        "state",
        CLOSING,
        "    for inner in stack[stack.index(scope) :]:\n        inner.ended = CLOSED\n" + CLOSING,
    ),
    # --- endings
    mutant(
        "nothing is restored after an exception",
        test_endings.test_an_exception_in_the_scope_restores_and_releases,
        "guard",
        "        if self._scope is None:\n            self.close()\n        else:\n            close_scope",
        "        if error is None:\n            close_scope",
    ),
    mutant(
        "a write that is refused does not undo the ones before it",
        test_endings.test_a_refused_write_undoes_the_ones_before_it,
        "state",
        "            scope.ended = FAILED\n",
        "            scope.ended = FAILED\n            scope.saved = ()\n",
    ),
    mutant(
        "the end of a thread releases nothing",
        test_endings.test_the_end_of_a_thread_restores_and_releases,
        "state",
        "            _end_thread(state)\n",
        "            pass\n",
    ),
    mutant(
        "the end of a thread releases and does not restore",
        test_endings.test_the_end_of_a_thread_restores_and_releases,
        "state",
        "        failure = state.finish_all()\n        message",
        "        for scope in state.stack:\n            scope.saved = ()\n"
        "        failure = state.finish_all()\n        message",
    ),
    mutant(
        "a guard that is dropped is not restored",
        test_endings.test_a_guard_dropped_on_its_own_thread_is_restored_at_once,
        "guard",
        "            _drop(scope, self)\n",
        "            pass\n",
    ),
    mutant(
        "a guard that is dropped on another thread is restored there",
        test_endings.test_a_guard_dropped_on_another_thread_is_restored_when_its_own_enters,
        "state",
        "    if state.ident == get_ident():\n",
        "    if True:\n",
    ),
    mutant(
        "a guard that was dropped on another thread is not noticed on entering",
        test_endings.test_a_guard_dropped_on_another_thread_is_restored_when_its_own_enters,
        "state",
        "        _clear_away(state)\n        _refuse_rival",
        "        _refuse_rival",
    ),
    mutant(
        "another thread may close a guard",
        test_endings.test_another_thread_cannot_close_a_guard,
        "state",
        "    if scope.state is not state:\n",
        "    state = scope.state\n    if scope.state is not state:\n",
    ),
    mutant(
        "another thread that is refused to close a guard keeps the lock",
        test_endings.test_another_thread_that_is_refused_can_still_have_its_turn,
        "state",
        "    if scope.state is not state:\n",
        "    if scope.state is not state:\n        ENV_LOCK.acquire()\n",
    ),
    mutant(
        "a guard that is closed twice ends nothing",
        test_endings.test_a_guard_closed_twice_ends_every_scope_of_its_thread,
        "state",
        "        _recover_scope(state, scope)\n        return\n",
        "        return\n",
    ),
    mutant(
        "closing what was never opened ends the scopes of the thread that has the lock",
        test_endings.test_closing_what_was_never_opened_leaves_other_threads_alone,
        "state",
        "        failure = self.finish_all()\n        if _holder is self:\n",
        "        failure = (_holder or self).finish_all()\n        if _holder is self:\n",
    ),
    # --- guard objects
    mutant(
        "the calls of a decorated function share one guard",
        test_nesting.test_calls_of_a_decorated_function_have_scopes_of_their_own,
        "guard",
        "    @functools.wraps(function)\n    def scoped(*args: Any, **kwargs: Any) -> Any:\n"
        "        guard = _fresh(changes, timeout)\n",
        "    guard = _fresh(changes, timeout)\n\n"
        "    @functools.wraps(function)\n    def scoped(*args: Any, **kwargs: Any) -> Any:\n",
    ),
    mutant(
        "an open guard may be entered again",
        test_nesting.test_one_guard_object_is_never_open_twice,
        "guard",
        "            self._refuse(scope)\n        opener",
        "            pass\n        opener",
    ),
)


@contextlib.contextmanager
def build(broken: Mutant) -> Iterator[type]:
    """Load `broken` and give its ``ScopedEnv``; its modules are known to the import system for that long.

    Raises ValueError if a snippet does not occur exactly once.
    """
    package = f"broken_{broken.name.replace(' ', '_')}"
    texts = {part: _mutated(broken, part, package) for part in PARTS}
    added: list[str] = []
    try:
        _add(package, "", added)
        for part, text in texts.items():
            _add(f"{package}.{part}", text, added)
        yield sys.modules[f"{package}.guard"].ScopedEnv
    finally:
        for name in added:
            del sys.modules[name]


def _add(name: str, text: str, added: list[str]) -> None:
    module = sys.modules[name] = ModuleType(name)
    added.append(name)
    file_name = f"<{name}>"  # also how steps and tracebacks of a finding come to show the mutant's lines
    linecache.cache[file_name] = (len(text), None, text.splitlines(keepends=True), file_name)
    exec(compile(text, file_name, "exec"), vars(module))


def _mutated(broken: Mutant, part: str, package: str) -> str:
    text = Path(scopedenv.__file__).with_name(f"{part}.py").read_text(encoding="utf-8")
    for place, old, new in (*broken.exchanges, _NO_FORK_HANDLER):
        if place == part:
            if text.count(old) != 1:
                raise ValueError(
                    f"mutant {broken.name!r} exchanges a snippet that occurs {text.count(old)} times in {part}.py, "
                    f"not once. The source has changed; write the mutant anew:\n{old}"
                )
            text = text.replace(old, new)
    for module in PARTS:
        text = text.replace(f"from scopedenv.{module} import", f"from {package}.{module} import")
    return text
