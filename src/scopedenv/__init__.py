"""ScopedEnv: a guard over ``os.environ`` that restores what was there and serializes the scopes of threads.

The model checker is a package of its own, `scopedenv.sandbox`; importing this one loads neither it nor any
dependency.
"""

from scopedenv.errors import (
    ScopedEnvError,
    ScopedEnvStateError,
    ScopedEnvTaskError,
    ScopedEnvThreadError,
    ScopedEnvTimeout,
)
from scopedenv.guard import ScopedEnv

__all__ = [
    "ScopedEnv",
    "ScopedEnvError",
    "ScopedEnvStateError",
    "ScopedEnvTaskError",
    "ScopedEnvThreadError",
    "ScopedEnvTimeout",
    "__version__",
]

__version__ = "0.1.0"
