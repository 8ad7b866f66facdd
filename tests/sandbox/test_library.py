"""What the library does with locks of its own: logging, printing, importing."""

from __future__ import annotations

import logging
import threading
from typing import Any

import pytest

from scopedenv.sandbox import FindingKind, Verdict

from .checks import explored, fails


class Stuck(logging.Handler):
    """A handler that takes a lock of its own while logging's lock is held."""

    def __init__(self, lock: Any) -> None:
        super().__init__()
        self.own = lock

    def emit(self, record: logging.LogRecord) -> None:
        with self.own:
            pass


def logger_with(handler: logging.Handler) -> logging.Logger:
    logger = logging.Logger("model")
    logger.addHandler(handler)
    return logger


def test_logging_is_no_place_to_switch() -> None:
    def model() -> None:
        logger = logger_with(logging.StreamHandler())

        def say() -> None:
            for number in range(5):
                logger.warning("number %d", number)

        threads = [threading.Thread(target=say) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    result = explored(model)
    assert result.verdict is Verdict.PASSED, result.report()
    assert result.schedules < 20


def test_a_deadlock_through_the_lock_of_a_log_handler() -> None:
    def model() -> None:
        lock = threading.Lock()
        logger = logger_with(Stuck(lock))

        def say() -> None:
            logger.warning("takes the handler's lock, then ours")

        thread = threading.Thread(target=say)
        thread.start()
        with lock:
            logger.warning("holds ours, wants the handler's")
        thread.join()

    finding = fails(model, FindingKind.DEADLOCK)
    assert "logging" in finding.message


def test_printing_from_several_threads() -> None:
    def model() -> None:
        threads = [threading.Thread(target=print, args=(number,)) for number in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        raise ValueError

    assert sorted(fails(model, FindingKind.EXCEPTION).output.split()) == ["0", "1", "2"]


def test_a_module_imported_by_two_threads_at_once(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "slow_to_import.py").write_text(
        "import os, threading\nos.environ['IMPORTED'] = '1'\nLOCK = threading.Lock()\n"
        "with LOCK:\n    os.environ.get('IMPORTED')\nVALUE = 5\n"
    )
    monkeypatch.syspath_prepend(tmp_path)

    def model() -> tuple[int, ...]:
        values = []

        def load() -> None:
            import slow_to_import  # type: ignore[import-not-found]

            values.append(slow_to_import.VALUE)

        threads = [threading.Thread(target=load) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return tuple(values)

    result = explored(model, max_schedules=200)
    assert result.ok, result.report()
    assert set(result.outcomes) == {(5, 5)}
