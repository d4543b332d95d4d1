"""Result of building a form: a header, and rows generated on demand."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from muse.tools.datasets.vocabulary import Vocabulary

Row = dict[str, Any]


@dataclass
class FormResult:
    """Training data of one form.

    Attributes:
        form: name of the form.
        header: properties of all rows: format, vocabulary hash, options, songs and their splits,
            groups of near-duplicates, counts. Complete before any row is made.
        vocabulary: of the tokens in the rows; None for patterns.
        make_rows: generates the rows from the beginning at each call; they need not fit into
            memory.
        problems: one line for each file or song that was skipped.
        side_files: content of JSON files to write beside the rows, by name.
    """

    form: str
    header: dict[str, Any]
    vocabulary: Vocabulary | None
    make_rows: Callable[[], Iterator[Row]]
    problems: list[str] = field(default_factory=list)
    side_files: dict[str, Any] = field(default_factory=dict)

    def rows(self) -> Iterator[Row]:
        """Yield the rows, each with its song and split."""
        return self.make_rows()
