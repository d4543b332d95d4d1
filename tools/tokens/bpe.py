"""Byte pair encoding over token ids: learning which ids follow each other, and both ways.

Learned ids come after the basic ones, in the order they were learned; each stands for two ids
before it. Merges stay within a bar, or where a scheme has no bars within the time between two
shifts, so that the tokens of a bar never run into the next.

Source: Sennrich et al. 2016, "Neural Machine Translation of Rare Words with Subword Units"; for
music Fradet et al. 2023, "Byte Pair Encoding for Symbolic Music".
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from tokenizers import Tokenizer as Engine
from tokenizers import models, trainers

from muse.tools.errors import ParameterError
from muse.tools.tokens.vocabulary import Field, Merge

FIRST_CHARACTER = 0x4E00  # an id is written as the character that far up; no controls, no spaces
BREAKS = ("Bar", "TimeShift")  # a word begins with the first of these types that the scheme has


class Merges:
    """Learned merges of a vocabulary."""

    def __init__(self, field: Field, merges: Sequence[Merge]) -> None:
        """Take merges in the order they were learned.

        Raises:
            ParameterError: a merge stands for an id that is not there before it.
        """
        self.base = len(field.tokens)
        self.merges = tuple(merges)
        self.breaks = break_ids(field)
        self.parts: list[tuple[int, ...]] = [(number,) for number in range(self.base)]
        for left, right in self.merges:
            if not (0 <= left < len(self.parts) and 0 <= right < len(self.parts)):
                raise ParameterError(f"merge of {left} and {right} comes before what it is made of")
            self.parts.append(self.parts[left] + self.parts[right])

    def expand(self, ids: Iterable[object]) -> list[object]:
        """Learned ids as the basic ones they stand for; anything else as it is."""
        found: list[object] = []
        for item in ids:
            if isinstance(item, int) and self.base <= item < len(self.parts):
                found += self.parts[item]
            else:
                found.append(item)
        return found

    def shorten(self, ids: Sequence[int]) -> list[int]:
        """Basic ids with the learned ones in their place."""
        known: dict[str, list[int]] = {}
        found: list[int] = []
        for word in words_of(ids, self.breaks):
            if word not in known:
                known[word] = [token.id for token in self.engine.tokenize(word)]
            found += known[word]
        return found

    @cached_property
    def engine(self) -> models.BPE:
        """The merges as the tokenizers library wants them."""
        texts = ["".join(map(as_character, part)) for part in self.parts]
        pairs = [(texts[left], texts[right]) for left, right in self.merges]
        return models.BPE(vocab={text: n for n, text in enumerate(texts)}, merges=pairs)


def as_character(number: int) -> str:
    """The character an id is written as."""
    return chr(FIRST_CHARACTER + number)


def break_ids(field: Field) -> frozenset[int]:
    """The ids that a word begins with."""
    kind = next(kind for kind in BREAKS if kind in field.first)
    return frozenset(number for number, name in enumerate(field.kinds) if name == kind)


def words_of(ids: Sequence[int], breaks: frozenset[int]) -> Iterator[str]:
    """The ids as words of characters, cut before each break."""
    start = 0
    text = "".join(map(as_character, ids))
    for place, number in enumerate(ids):
        if number in breaks and place > start:
            yield text[start:place]
            start = place
    if start < len(text):
        yield text[start:]


def learn(sequences: Iterable[Sequence[int]], field: Field, size: int) -> tuple[Merge, ...]:
    """Learn merges until the vocabulary has `size` ids, or nothing is left that repeats.

    Args:
        sequences: basic ids, one sequence a song.
        field: the basic vocabulary.
        size: of the vocabulary with what was learned, above that of `field`.
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
        (word for ids in sequences for word in words_of(ids, breaks)), trainer
    )
    return merges_of(engine, base)


def merges_of(engine: Engine, base: int) -> tuple[Merge, ...]:
    """The merges of a trained engine, in numbers."""
    import json

    numbers = {as_character(number): number for number in range(base)}
    merges: list[Merge] = []
    for left, right in json.loads(engine.to_str())["model"]["merges"]:
        if left + right not in numbers:
            numbers[left + right] = base + len(merges)
            merges.append((numbers[left], numbers[right]))
    return tuple(merges)
