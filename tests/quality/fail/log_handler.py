"""The application logs while it holds its lock; its log handler, called with the handler's lock held, takes that lock.

Textbook lock order inversion, through the real ``logging`` module of the standard library.
"""

import logging
import threading

KIND = "DEADLOCK"
WITHIN = 3


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
            logger.warning("state is odd")

    warning = threading.Thread(target=warn)
    warning.start()
    logger.error("state is wrong")
    warning.join()
