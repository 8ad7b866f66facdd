"""Where the program lives: the folder whose code the memory watch looks into by default.

Under pytest it is the rootdir, which the plugin puts here. Elsewhere it is the folder of the script that runs, or the
working directory where there is none (an interactive session, ``python -c``).
"""

from __future__ import annotations

import os
import sys

#: Set by the pytest plugin.
rootdir: str | None = None


def root() -> str:
    """The folder of the program."""
    if rootdir is not None:
        return rootdir
    script = getattr(sys.modules.get("__main__"), "__file__", None)
    return os.path.dirname(os.path.abspath(script)) if script else os.getcwd()
