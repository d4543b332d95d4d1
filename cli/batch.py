"""Several inputs: one that fails is reported and does not stop the others."""

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
from muse.cli.progress import say, set_up_messages

Result = TypeVar("Result")

# what is wrong with the command or the machine is wrong for every input: it ends the batch
ENDS_BATCH = {ExitCode.USAGE, ExitCode.MISSING_PART}


@dataclass(frozen=True)
class Failure:
    """An input that could not be worked on, and why."""

    code: ExitCode
    message: str


def run_batch(
    inputs: Sequence[str],
    work: Callable[[str], Result],
    show: Callable[[str, Result], None],
    *,
    jobs: int = 1,
) -> ExitCode:
    """Work on each input and show what came of it, in the order of the inputs.

    Args:
        inputs: what the user named.
        work: done for each; with several jobs it runs in other processes and must be picklable.
        show: called here with the input and the result.
        jobs: inputs worked on at once.

    Returns:
        OK when all went well; the failure's own code when there was one input, else FAILED.
    """
    failed: list[Failure] = []
    with outcomes(inputs, partial(attempt, work), min(jobs, len(inputs))) as results:
        for name, outcome in zip(inputs, results, strict=True):
            if not isinstance(outcome, Failure):
                show(name, outcome)
                continue
            say(f"muse: {outcome.message}")
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
    """The outcome of each input in order, here or in `jobs` other processes."""
    if jobs == 1:
        yield map(work, inputs)
        return
    import multiprocessing

    # the nets of one process leave room for those of the others
    os.environ["OMP_NUM_THREADS"] = str(max((os.cpu_count() or 1) // jobs, 1))
    context = multiprocessing.get_context("spawn")  # forking after torch has started threads hangs
    level = logging.getLogger("muse").level
    with context.Pool(jobs, initializer=prepare_worker, initargs=(level,)) as pool:
        yield pool.imap(work, inputs)
        pool.close()  # let them end by themselves: ended by force, torch complains at length
        pool.join()


def prepare_worker(level: int) -> None:
    """Set up a process that works on inputs: it ends when told to by the one that started it."""
    set_up_messages(level)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the starter, which ends us
    signal.signal(signal.SIGTERM, leave)


def leave(_signal: int, _frame: FrameType | None) -> NoReturn:
    """End this process by an exception, so that half-written files are taken away."""
    sys.exit(ExitCode.INTERRUPTED)


def attempt(work: Callable[[str], Result], name: str) -> Result | Failure:
    """The result of one input, or what went wrong with it; with --debug it is raised."""
    try:
        return work(name)
    except Exception as error:
        if isinstance(error, BrokenPipeError) or logging.getLogger("muse").isEnabledFor(
            logging.DEBUG
        ):
            raise
        return Failure(*explain(error, []))
