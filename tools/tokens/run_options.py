"""What one call of the tokenizer is to do, and which wishes do not go together."""

import os
from dataclasses import dataclass
from functools import cached_property

from muse.tools.errors import ParameterError
from muse.tools.files import PIPE
from muse.tools.tokens.inputs import find_inputs

SONGS_A_JOB = 100  # fewer are done sooner here than another process starts
GO_TOGETHER = {frozenset({"--bpe", "--shards"}), frozenset({"--for", "--shards"})}


@dataclass(frozen=True)
class Plan:
    """Inputs and how to go about them.

    Attributes:
        named: what the user named.
        out: where results go; None for stdout.
        asked_jobs: processes asked for; None to choose.
        skip_existing: leave inputs alone whose outputs are there.
        as_json: Songs on stdout as JSON.
    """

    named: list[str]
    out: str | None
    asked_jobs: int | None
    skip_existing: bool
    as_json: bool

    @cached_property
    def inputs(self) -> dict[str, str]:
        """Files, and for each its place below the folder that was named.

        Raises:
            BadInputError: a folder has nothing to read.
        """
        return find_inputs(self.named)

    def jobs(self, count: int) -> int:
        """Processes for so many songs; standard input can be read in this one only."""
        if PIPE in self.named:
            return 1
        if self.asked_jobs is not None:
            return self.asked_jobs
        return max(min(os.cpu_count() or 1, count // SONGS_A_JOB), 1)


def refuse_conflicts(wishes: dict[str, bool], tokenizer: str | None) -> None:
    """Raise ParameterError for options that do not go together.

    Args:
        wishes: option -> whether it was given.
        tokenizer: the file named with --tokenizer.
    """
    given = frozenset(option for option, was_given in wishes.items() if was_given)
    if len(given) > 1 and given not in GO_TOGETHER:
        raise ParameterError(f"{' and '.join(sorted(given))} do not go together")
    if "--bpe" in given and tokenizer is None:
        raise ParameterError("--bpe needs --tokenizer FILE to store what is learned")
