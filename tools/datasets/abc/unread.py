"""What a file holds that is not read, for one line of notice."""

from collections import Counter
from collections.abc import Iterable

SHOWN = 6  # texts quoted in a notice

# kinds of things
GRACE_NOTES = "grace notes"
JUMPS = "jumps (D.C., D.S., coda), not played"
MACROS = "macros (m:)"
SYMBOL_LINES = "symbol lines (s:)"
STRAY = "lines of music after a blank line"
MICROTONES = "microtones, rounded to semitones"
WORDS = "words about a key or voice"
TEMPOS = "tempos"
METERS = "meters"
SIGNS = "signs"
NO_REPEATS = "voices without the repeats of the others"
NO_PARTS = "parts that P: names and the tune lacks"
PART_WORDS = "orders of parts in words"
HEADER_LINES = "lines of a header that are not fields"
NOT_CHORDS = "texts that are not chord symbols"


class Unread:
    """Counts of what was not read, and the texts that are no chord symbols."""

    def __init__(self) -> None:
        """Create empty counts."""
        self.kinds: Counter[str] = Counter()
        self.examples: dict[str, Counter[str]] = {}

    def add(self, kind: str, text: str = "", count: int = 1) -> None:
        """Count something of a kind, with the text that stands for it."""
        self.kinds[kind] += count
        if text:
            self.examples.setdefault(kind, Counter())[text] += 1

    def update(self, other: "Unread") -> None:
        """Add the counts of another."""
        self.kinds.update(other.kinds)
        for kind, texts in other.examples.items():
            self.examples.setdefault(kind, Counter()).update(texts)

    def sentence(self) -> str:
        """Return all kinds with their counts and examples; "" if everything was read."""
        return "; ".join(
            f"{kind}: {count}{quoted(self.examples.get(kind, ()))}"
            for kind, count in self.kinds.items()
        )


def quoted(texts: Iterable[str]) -> str:
    """Return the first texts in quotes and brackets, control characters escaped."""
    texts = list(texts)
    shown = ", ".join(repr(text) for text in texts[:SHOWN])
    return f" ({shown}{' ...' if len(texts) > SHOWN else ''})" if texts else ""
