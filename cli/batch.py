"""Several inputs in one command: a failure is reported and does not stop the others."""

import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from types import FrameType
from typing import Any, NoReturn, TypeVar

from muse.cli.errors import explain
from muse.cli.exit_codes import ExitCode
from muse.cli.progress import print_message, set_up_messages

Result = TypeVar("Result")

# a wrong option or a missing part fails every input: the batch ends at the first
ENDS_BATCH = {ExitCode.USAGE, ExitCode.MISSING_PART}


@dataclass(frozen=True)
class Failure:
    """Why an input could not be processed."""

    code: ExitCode
    message: str


def run_batch(
    inputs: Sequence[str],
    work: Callable[[str], Result],
    show: Callable[[str, Result], None],
    *,
    jobs: int = 1,
) -> ExitCode:
    """Process each input and show its result, in the order of the inputs.

    Args:
        inputs: names of the inputs.
        work: processes one input; with several jobs it runs in other processes, so it has to be
            picklable.
        show: called in this process with each input and its result.
        jobs: number of inputs processed in parallel.

    Returns:
        OK if no input failed; the code of the failure if there was one input, else FAILED.
    """
    failed: list[Failure] = []
    with outcomes(inputs, partial(attempt, work), min(jobs, len(inputs))) as results:
        for name, outcome in zip(inputs, results, strict=True):
            if not isinstance(outcome, Failure):
                show(name, outcome)
                continue
            print_message(f"muse: {outcome.message}")
            if outcome.code in ENDS_BATCH:
                return outcome.code
            failed.append(outcome)
    if not failed:
        return ExitCode.OK
    return failed[0].code if len(inputs) == 1 else ExitCode.FAILED


@contextmanager
def outcomes(
    inputs: Sequence[str], work: Callable[[str], Any], jobs: int
) -> Iterator[Iterator[Any]]:
    """Yield the results of all inputs in order, computed here or in `jobs` other processes."""
    if jobs == 1:
        yield map(work, inputs)
        return
    import multiprocessing

    # the processes share the cores
    os.environ["OMP_NUM_THREADS"] = str(max((os.cpu_count() or 1) // jobs, 1))
    context = multiprocessing.get_context("spawn")  # forking after torch has started threads hangs
    level = logging.getLogger("muse").level
    with context.Pool(jobs, initializer=prepare_worker, initargs=(level,)) as pool:
        yield pool.imap(work, inputs)
        pool.close()  # without terminating the workers: torch would print long warnings
        pool.join()


def prepare_worker(level: int) -> None:
    """Set up a worker process, which only its parent process ends."""
    set_up_messages(level)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent gets Ctrl-C too, and ends this
    signal.signal(signal.SIGTERM, leave)


def leave(_signal: int, _frame: FrameType | None) -> NoReturn:
    """End this process by an exception, so that half-written files are removed."""
    sys.exit(ExitCode.INTERRUPTED)


def attempt(work: Callable[[str], Result], name: str) -> Result | Failure:
    """Return the result of one input or its failure; with --debug raise the error."""
    try:
        return work(name)
    except Exception as error:
        if isinstance(error, BrokenPipeError) or logging.getLogger("muse").isEnabledFor(
            logging.DEBUG
        ):
            raise
        return Failure(*explain(error, []))
