"""After every test nothing of an exploration is left in this process."""

from __future__ import annotations

from tests.sandbox.conftest import nothing_stays

__all__ = ["nothing_stays"]
