"""Repaired: the application gives its lock back before it logs."""

import logging
import threading

EXHAUSTED = 3


class StateHandler(logging.Handler):
    """Adds the application's state to every record."""

    def __init__(self, lock: threading.Lock) -> None:
        super().__init__()
        self.state_lock = lock

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno == logging.ERROR:
            with self.state_lock:
                pass


def model() -> None:
    lock = threading.Lock()
    logger = logging.getLogger("scopedenv.quality.log_handler")
    logger.propagate = False
    logger.addHandler(StateHandler(lock))

    def warn() -> None:
        with lock:
            pass
        logger.warning("state is odd")

    warning = threading.Thread(target=warn)
    warning.start()
    logger.error("state is wrong")
    warning.join()
