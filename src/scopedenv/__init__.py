"""ScopedEnv: a guard over ``os.environ`` that restores what was there and serializes the scopes of threads.

The model checker is a package of its own, `scopedenv.sandbox`; importing this one loads neither it nor any
dependency. The guard is loaded when it is first asked for: every run of pytest imports this package for its plugin.
"""

from __future__ import annotations

from scopedenv.errors import (
    ForkedResourceWarning,
    ScopedEnvError,
    ScopedEnvStateError,
    ScopedEnvTaskError,
    ScopedEnvThreadError,
    ScopedEnvTimeout,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from scopedenv.guard import ScopedEnv

__all__ = [
    "ForkedResourceWarning",
    "ScopedEnv",
    "ScopedEnvError",
    "ScopedEnvStateError",
    "ScopedEnvTaskError",
    "ScopedEnvThreadError",
    "ScopedEnvTimeout",
    "__version__",
]

__version__ = "0.1.0"


def __getattr__(name: str) -> type[ScopedEnv]:
    if name != "ScopedEnv":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from scopedenv import guard

    globals()[name] = guard.ScopedEnv
    return guard.ScopedEnv


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
