"""Snakemake looks at waiting jobs again when something has changed, and not ever more often.

While its limit of jobs per time span is on, as it is by default, Snakemake's scheduler evaluates
all waiting jobs again a second after each evaluation. Each finished job starts another such chain
and none ends, so after a hundred jobs the scheduler works a hundred times per second.
"""

import threading
from typing import Any

_replaced: set[type] = set()


def limit_reevaluation(scheduler: Any) -> None:
    """Let Snakemake evaluate waiting jobs again only while the limit of jobs delays some, once.

    Parameters
    ----------
    scheduler : type
        Snakemake's class `JobScheduler`. Its method that starts a timer is replaced.
    """
    if scheduler in _replaced:
        return
    _replaced.add(scheduler)

    def schedule(self: Any, delay: float) -> None:
        limiter = self.job_rate_limiter
        restricted = limiter is not None and limiter.get_free_jobs() < limiter.max_jobs
        if not restricted and not self.workflow.dag.has_unfinished_queue_input_jobs():
            return  # the next finished job leads to the next evaluation
        if getattr(self, "_evaluation_waits", False):
            return

        def evaluate() -> None:
            self._evaluation_waits = False
            self._open_jobs.release()

        self._evaluation_waits = True
        timer = threading.Timer(delay, evaluate)
        timer.daemon = True
        timer.start()

    scheduler._schedule_reevalutation = schedule
