"""What the fixtures ``sandbox`` and ``scoped_env`` of the plugin give."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Self

import pytest

from scopedenv.errors import ScopedEnvThreadError
from scopedenv.guard import ScopedEnv
from scopedenv.pytest_markers import in_worker
from scopedenv.pytest_options import ModelOptions
from scopedenv.pytest_progress import progress_of
from scopedenv.state import thread_state

if TYPE_CHECKING:
    from scopedenv.guard import Variables
    from scopedenv.sandbox import Sandbox


def sandbox_of(config: pytest.Config, options: ModelOptions) -> Sandbox:
    """A sandbox with the settings of command line and ini file; pytest.UsageError where they do not go together."""
    from scopedenv.sandbox import Sandbox

    settings = dict(options.settings)
    if in_worker(config):
        settings["workers"] = 1
    try:
        return Sandbox(on_progress=progress_of(config), **settings)
    except ValueError as error:
        raise pytest.UsageError(f"the settings of sandboxed models: {error}") from None


class EnvScopes:
    """Opens scopes of environment variables that end with the test: the last one first.

    Called with variables, as ``ScopedEnv`` takes them, it opens a scope at once and returns the guard, which may be
    closed before the test ends. Scopes belong to the thread that opened them, and nobody but that thread can close
    them; so this may be called on the thread that runs the test only.
    """

    def __init__(self) -> None:
        self._thread = thread_state()
        self._scopes = contextlib.ExitStack()

    def __call__(self, variables: Variables | Mapping[str, str | None], *, timeout: float | None = None) -> ScopedEnv:
        """Open a scope. Raises ScopedEnvThreadError on another thread, and what ``ScopedEnv.apply`` raises."""
        if thread_state() is not self._thread:
            raise ScopedEnvThreadError(
                "scoped_env opens scopes on the thread that runs the test only, which closes them; nothing was"
                " changed. In another thread use `with ScopedEnv(...)`"
            )
        guard = ScopedEnv.apply(variables, timeout=timeout)
        self._scopes.callback(_close_if_open, guard)
        return guard

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._scopes.close()


def _close_if_open(guard: ScopedEnv) -> None:
    """Closing a guard twice would be misuse, after which all scopes of the thread are ended."""
    if guard._scope is not None and not guard._scope.ended:
        guard.close()
