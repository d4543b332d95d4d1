"""Byte pair encoding of token ids: learning merges, and applying and undoing them.

Learned ids follow the basic ones in the order of learning; each stands for two earlier ids. Merges
stay within a bar, or within the time between two shifts in schemes without bars, so that no token
crosses a bar line.

Source: Sennrich et al. 2016, "Neural Machine Translation of Rare Words with Subword Units"; for
music Fradet et al. 2023, "Byte Pair Encoding for Symbolic Music".
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from tokenizers import Tokenizer as Engine
from tokenizers import models, trainers

from muse.tools.errors import ParameterError
from muse.tools.tokens.vocabulary import Field, Merge

FIRST_CHARACTER = 0x4E00  # code point of id 0; from here on no controls or spaces
BREAKS = ("Bar", "TimeShift")  # words begin at the first of these types that the scheme has


class Merges:
    """Learned merges of a vocabulary."""

    def __init__(self, field: Field, merges: Sequence[Merge]) -> None:
        """Check the merges, given in the order of learning.

        Raises:
            ParameterError: a merge uses an id that does not exist before it.
        """
        self.base = len(field.tokens)
        self.merges = tuple(merges)
        self.breaks = break_ids(field)
        self.parts: list[tuple[int, ...]] = [(number,) for number in range(self.base)]
        for left, right in self.merges:
            if not (0 <= left < len(self.parts) and 0 <= right < len(self.parts)):
                raise ParameterError(
                    f"merge of {left} and {right} uses an id that is learned later"
                )
            self.parts.append(self.parts[left] + self.parts[right])

    def expand(self, ids: Iterable[object]) -> list[object]:
        """Replace learned ids by the basic ones they stand for; keep everything else."""
        found: list[object] = []
        for item in ids:
            if isinstance(item, int) and self.base <= item < len(self.parts):
                found += self.parts[item]
            else:
                found.append(item)
        return found

    def shorten(self, ids: Sequence[int]) -> list[int]:
        """Replace basic ids by learned ones."""
        known: dict[str, list[int]] = {}
        found: list[int] = []
        for word in split_words(ids, self.breaks):
            if word not in known:
                known[word] = [token.id for token in self.engine.tokenize(word)]
            found += known[word]
        return found

    @cached_property
    def engine(self) -> models.BPE:
        """Merges in the form of the tokenizers library."""
        texts = ["".join(map(as_character, part)) for part in self.parts]
        pairs = [(texts[left], texts[right]) for left, right in self.merges]
        return models.BPE(vocab={text: n for n, text in enumerate(texts)}, merges=pairs)


def as_character(number: int) -> str:
    """Return the character that stands for an id."""
    return chr(FIRST_CHARACTER + number)


def break_ids(field: Field) -> frozenset[int]:
    """Return the ids at which a word begins."""
    kind = next(kind for kind in BREAKS if kind in field.first)
    return frozenset(number for number, name in enumerate(field.kinds) if name == kind)


def split_words(ids: Sequence[int], breaks: frozenset[int]) -> Iterator[str]:
    """Yield the ids as words of characters, cut before each break."""
    start = 0
    text = "".join(map(as_character, ids))
    for place, number in enumerate(ids):
        if number in breaks and place > start:
            yield text[start:place]
            start = place
    if start < len(text):
        yield text[start:]


def learn(sequences: Iterable[Sequence[int]], field: Field, size: int) -> tuple[Merge, ...]:
    """Learn merges until the vocabulary has `size` ids or no pair repeats.

    Args:
        sequences: basic ids, one sequence per song.
        field: basic vocabulary.
        size: of the vocabulary with learned ids; larger than that of `field`.
    """
    base = len(field.tokens)
    engine = Engine(models.BPE())
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        initial_alphabet=[as_character(number) for number in range(base)],
        show_progress=False,
        special_tokens=[],
    )
    breaks = break_ids(field)
    engine.train_from_iterator(
        (word for ids in sequences for word in split_words(ids, breaks)), trainer
    )
    return read_merges(engine, base)


def read_merges(engine: Engine, base: int) -> tuple[Merge, ...]:
    """Return the merges of a trained engine as pairs of ids."""
    import json

    numbers = {as_character(number): number for number in range(base)}
    merges: list[Merge] = []
    for left, right in json.loads(engine.to_str())["model"]["merges"]:
        if left + right not in numbers:
            numbers[left + right] = base + len(merges)
            merges.append((numbers[left], numbers[right]))
    return tuple(merges)
