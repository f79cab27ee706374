"""Run a campaign, or what is left of it."""

from __future__ import annotations

import threading
from collections.abc import Callable

from charcot.engine.campaign.cluster import run_on_cluster
from charcot.engine.campaign.folder import Folder
from charcot.engine.campaign.job import Job
from charcot.engine.campaign.local import run_on_threads

Progress = Callable[[int], None]


def run(
    job: Job,
    folder: Folder,
    *,
    workers: int = 1,
    scheduler: str | None = None,
    progress: Progress | None = None,
    found: Progress | None = None,
) -> None:
    """Compute every chunk of ``job`` that ``folder`` does not hold yet, or holds damaged.

    The files are the same to the last byte whatever the workers, their number, their order and how often the campaign
    was killed.

    Args:
        workers: threads; with ``scheduler="local"`` processes.
        scheduler: None for threads of this process, ``"local"``, or the address of a dask scheduler, whose workers
            must see the folder under the same path.
        progress: called with the number of newly computed patients, by the thread that computed them.
        found: called once, with the number of patients that were there already.

    Raises:
        CampaignError: what ended the campaign; finished chunks are kept.
        KeyboardInterrupt: likewise.
    """
    lock = threading.Lock()

    def report(count: int) -> None:
        if progress is not None:
            with lock:
                progress(count)

    folder.check(job)
    with folder.alone():
        folder.clean()
        missing = [span for span in folder.spans() if not folder.finished(span)]
        if found is not None:
            found(folder.size - sum(span.size for span in missing))
        if not missing:
            return
        if scheduler is None:
            run_on_threads(job, folder, missing, workers, report)
        else:
            run_on_cluster(job, folder, missing, scheduler, workers, report)
