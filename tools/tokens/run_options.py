"""Options of one run of the tokenizer, and which of them exclude each other."""

import os
from dataclasses import dataclass
from functools import cached_property

from muse.tools.errors import ParameterError
from muse.tools.files import PIPE
from muse.tools.tokens.inputs import find_inputs

SONGS_PER_JOB = 100  # with fewer, starting a process takes longer
COMPATIBLE = {frozenset({"--bpe", "--shards"}), frozenset({"--for", "--shards"})}


@dataclass(frozen=True)
class RunOptions:
    """Inputs and options of a run.

    Attributes:
        paths: inputs as given.
        out: where results go; None for stdout.
        requested_jobs: number of processes; None to choose.
        skip_existing: skip inputs whose outputs exist.
        as_json: write Songs to stdout as JSON.
    """

    paths: list[str]
    out: str | None
    requested_jobs: int | None
    skip_existing: bool
    as_json: bool

    @cached_property
    def inputs(self) -> dict[str, str]:
        """Files by path, with their paths relative to the given folder.

        Raises:
            BadInputError: a folder has no files to read.
        """
        return find_inputs(self.paths)

    def jobs(self, count: int) -> int:
        """Return the number of processes for `count` songs; 1 for standard input."""
        if PIPE in self.paths:
            return 1
        if self.requested_jobs is not None:
            return self.requested_jobs
        return max(min(os.cpu_count() or 1, count // SONGS_PER_JOB), 1)


def check_conflicts(options_given: dict[str, bool], tokenizer: str | None) -> None:
    """Raise ParameterError for options that exclude each other.

    Args:
        options_given: whether each option was given.
        tokenizer: file given with --tokenizer.
    """
    given = frozenset(option for option, was_given in options_given.items() if was_given)
    if len(given) > 1 and given not in COMPATIBLE:
        raise ParameterError(f"{' and '.join(sorted(given))} exclude each other; give one of them")
    if "--bpe" in given and tokenizer is None:
        raise ParameterError("--bpe needs --tokenizer FILE to write the tokenizer to")


def check_form_options(form: str | None, given: dict[str, int | None], transpose: str) -> None:
    """Raise ParameterError for options of training data without --for.

    Args:
        form: of the training data; None without --for.
        given: values of the options; None for those that were not given.
        transpose: value of --transpose.
    """
    names = [name for name, value in given.items() if value is not None]
    names += ["--transpose"] if transpose != "none" else []
    if form is None and names:
        raise ParameterError(f"{names[0]} needs --for FORM, the form of the training data")
