"""Stopping at a checkpoint when the scheduler asks for it."""

import contextlib
import signal
import threading
from collections.abc import Iterator

EXIT_CODE = 75
"""Exit code of a training that stopped on request and can continue (EX_TEMPFAIL of sysexits.h)."""

_SIGNALS = (signal.SIGTERM, signal.SIGUSR1)


class Interrupted(SystemExit):
    """Training stopped at a checkpoint after SIGTERM or SIGUSR1; run it again to continue."""

    def __init__(self):
        super().__init__(EXIT_CODE)


@contextlib.contextmanager
def stop_requests() -> Iterator[threading.Event]:
    """Catch SIGTERM and SIGUSR1, which set an event instead of ending the process.

    Only the main thread receives signals; in other threads the event stays unset.

    Yields
    ------
    threading.Event
        Set once a signal arrived.
    """
    requested = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield requested
        return
    handlers = {number: signal.getsignal(number) for number in _SIGNALS}
    for number in _SIGNALS:
        signal.signal(number, lambda *_: requested.set())
    try:
        yield requested
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
