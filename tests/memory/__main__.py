"""``python -m tests.memory``: CPython's own tests of the language, rewritten, with those that take long."""

from __future__ import annotations

import sys

from .test_rewriting import LONG, QUICK, differences


def main() -> int:
    """Print what ends otherwise in rewritten code; 1 if anything does."""
    worse = 0
    for name in (*QUICK, *LONG):
        found = differences((name,))
        worse += len(found)
        print(name, "is the same" if not found else "differs:", flush=True)
        for test, (before, after) in sorted(found.items()):
            print(f"  {test}\n    as it is:  {before}\n    rewritten: {after}")
    return bool(worse)


if __name__ == "__main__":
    sys.exit(main())
