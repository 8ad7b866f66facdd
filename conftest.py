"""Pytest's own plugin for testing plugins, and ours where the package is not installed."""

import signal
from importlib.metadata import entry_points

# Installed, the plugin arrives through its entry point. A bare checkout (``PYTHONPATH=src``) has none.
_installed = "scopedenv" in entry_points(group="pytest11").names

pytest_plugins = ["pytester"] if _installed else ["pytester", "scopedenv.pytest_plugin"]

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # As in a job that a shell put in the background. Tests that interrupt would wait for what never comes.
    signal.signal(signal.SIGINT, signal.default_int_handler)
