"""How far a long job has come."""

import logging

log = logging.getLogger(__name__)


def progress(total, description, first=0):
    """Range from `first` to `total`: a bar where there is a terminal, a line in the log at every tenth."""
    from tqdm import tqdm

    tenth = max(1, total // 10)
    for step in tqdm(range(first, total), initial=first, total=total, desc=description, disable=None, leave=False):
        yield step
        if (step + 1) % tenth == 0 or step + 1 == total:
            log.info("%s: %d of %d", description, step + 1, total)
