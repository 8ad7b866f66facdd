"""The errors of ScopedEnv. All say what happened, where the other scope was opened, and what to do."""

from __future__ import annotations


class ScopedEnvError(RuntimeError):
    """Base of all errors that ScopedEnv raises about its use."""


class ScopedEnvStateError(ScopedEnvError):
    """A guard object was entered while it was still open. Nothing was changed."""


class ScopedEnvThreadError(ScopedEnvError):
    """A guard was closed from another thread than the one that opened it. Nothing was changed."""


class ScopedEnvTaskError(ScopedEnvError):
    """A scope was entered while another asyncio task of the same thread has one open. Nothing was changed."""


class ScopedEnvTimeout(ScopedEnvError, TimeoutError):
    """The turn did not come within ``timeout`` seconds. Nothing was changed."""


class ForkedResourceWarning(UserWarning):
    """A fixture hands a sandboxed model a resource that its executions share, such as a socket or an open file."""
