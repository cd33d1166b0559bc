"""The worker process: `scholiast worker`, or `python -m app.worker`."""

import argparse
import logging
import os
import signal
import sys
import threading

from app.logs import configure_logging
from app.settings import Settings
from app.wiring import build_worker
from retrieval import failpoints
from retrieval.errors import ScholiastError

# Searching is more urgent than ingesting: the scheduler gives the API its time first.
_NICENESS = 10


def main(arguments: list[str] | None = None) -> int:
    """Runs a worker until SIGTERM or SIGINT; gives the exit code."""
    parser = argparse.ArgumentParser(prog="scholiast worker", description="Runs ingest jobs until it is stopped.")
    parser.add_argument("--name", default="worker-1", help="unique among the workers of a database")
    parser.add_argument("--with-parent", action="store_true", help="stop when the process that started it ends")
    options = parser.parse_args(arguments)
    settings = Settings()
    configure_logging(settings)
    if settings.failpoint is not None:
        failpoints.arm(settings.failpoint)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    if options.with_parent:
        threading.Thread(target=_follow_parent, args=(os.getppid(), stop), daemon=True).start()
    os.nice(_NICENESS)
    try:
        build_worker(settings, options.name).run(stop)
    except ScholiastError as error:
        print(f"scholiast worker: {error.detail}", file=sys.stderr)
        return 1
    return 0


def _follow_parent(parent: int, stop: threading.Event) -> None:
    """Stops the worker once its parent is gone, also when that was killed without a chance to say so."""
    while not stop.wait(0.5):
        if os.getppid() != parent:
            stop.set()


if __name__ == "__main__":
    # Not sys.exit, which would wait for jobs that are under way; they go on at the next start where they are now.
    code = main()
    logging.shutdown()
    sys.stderr.flush()
    os._exit(code)
