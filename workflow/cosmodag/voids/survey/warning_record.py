"""Warnings of a search, for the record beside its results."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

PACKAGE = logging.getLogger("cosmodag.voids")


class _Collector(logging.Handler):
    """Keep the texts of warnings."""

    def __init__(self, texts: list[str]):
        super().__init__(logging.WARNING)
        self.texts = texts

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())


@contextmanager
def recorded_warnings() -> Iterator[list[str]]:
    """Collect the warnings that the experiment logs; they are shown as before.

    Yields
    ------
    list of str
        Their texts, in the order in which they are logged.
    """
    texts: list[str] = []
    collector = _Collector(texts)
    PACKAGE.addHandler(collector)
    try:
        yield texts
    finally:
        PACKAGE.removeHandler(collector)
