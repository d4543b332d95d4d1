"""What building a form gives: a header, and rows that are made when they are asked for."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from muse.tools.datasets.vocabulary import Vocabulary

Row = dict[str, Any]


@dataclass
class FormResult:
    """Training data of one form.

    Attributes:
        form: its name.
        header: what holds for all rows: format, hash of the vocabulary, options, songs with their
            splits, groups of near-duplicates, counts. It is complete from the start.
        vocabulary: of the tokens that the rows are made of; None for patterns.
        make_rows: gives the rows, anew with each call; they need not fit into memory together.
        problems: a line for each file or song that was left out.
        side_files: name -> JSON of files that belong beside the rows.
    """

    form: str
    header: dict[str, Any]
    vocabulary: Vocabulary | None
    make_rows: Callable[[], Iterator[Row]]
    problems: list[str] = field(default_factory=list)
    side_files: dict[str, Any] = field(default_factory=dict)

    def rows(self) -> Iterator[Row]:
        """The rows, each with its song and split."""
        return self.make_rows()
