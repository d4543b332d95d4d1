"""Token statistics: tokens per bar, second and note, and use of the vocabulary."""

from collections.abc import Iterable
from typing import Any

import msgspec
from symusic.core import ScoreTick

from muse.tools.song.tempo_map import TempoMap
from muse.tools.tokens.grid import Grid
from muse.tools.tokens.token_types import SPECIALS
from muse.tools.tokens.tokenizer import Encoded, Tokenizer

MICROSECONDS_PER_MINUTE = 60e6


class Stats(msgspec.Struct):
    """Counts of one song.

    Attributes:
        tokens: number of ids, or of words for a compound scheme.
        bars: up to the last event.
        notes: with velocity above 0.
        seconds: end of the last note, by the song's tempos.
        out_of_vocabulary: counts of what the scheme has no tokens for, by kind.
        used: ids that occur, for each vocabulary.
    """

    tokens: int
    bars: int
    notes: int
    seconds: float
    out_of_vocabulary: dict[str, int]
    used: list[list[int]]


def stats(score: ScoreTick, tokenizer: Tokenizer, name: str = "input") -> Stats:
    """Count the tokens of a score.

    Raises:
        BadInputError: the score has more bars than `grid.MAX_BARS_WRITTEN`.
    """
    encoded = tokenizer.encode(score, name)
    return Stats(
        tokens=len(encoded.ids),
        bars=bar_count(encoded.grid),
        notes=len(encoded.grid.notes["start"]),
        seconds=round(length_s(score), 3),
        out_of_vocabulary=encoded.losses,
        used=used_ids(encoded, tokenizer),
    )


def bar_count(grid: Grid) -> int:
    """Return the number of bars up to the last event; 4/4 bars for a scheme without meters."""
    return len(grid.bars())


def length_s(score: ScoreTick) -> float:
    """Return the end of the last note in seconds."""
    quarter = score.ticks_per_quarter
    tempos = [(t.time / quarter, MICROSECONDS_PER_MINUTE / t.mspq) for t in score.tempos]
    end = max((int(track.end()) for track in score.tracks if len(track.notes)), default=0)
    return float(TempoMap(sorted(tempos)).seconds_at(end / quarter))


def used_ids(encoded: Encoded, tokenizer: Tokenizer) -> list[list[int]]:
    """Return the ids that occur, for each vocabulary."""
    if not tokenizer.scheme.is_compound:
        return [sorted(set(encoded.ids))]  # type: ignore[arg-type]
    used: list[set[int]] = [set() for _ in tokenizer.fields]
    for word in encoded.ids:
        for number, ids in zip(word, used, strict=False):  # type: ignore[arg-type]
            ids.add(number)
    return [sorted(ids) for ids in used]


def rates(tokens: int, bars: int, notes: int, seconds: float) -> dict[str, float | None]:
    """Return tokens per bar, second and note; None if there are none."""
    counts = {"bar": bars, "second": seconds, "note": notes}
    return {
        f"tokens_per_{unit}": round(tokens / count, 3) if count else None
        for unit, count in counts.items()
    }


def describe(result: Stats) -> dict[str, Any]:
    """Return one song's counts, ready for JSON."""
    return {
        "tokens": result.tokens,
        "bars": result.bars,
        "notes": result.notes,
        "seconds": result.seconds,
        **rates(result.tokens, result.bars, result.notes, result.seconds),
        "out_of_vocabulary": result.out_of_vocabulary,
    }


def summary(results: Iterable[Stats], tokenizer: Tokenizer) -> dict[str, Any]:
    """Return the counts of many songs together, and the share of the vocabulary that they use."""
    totals = {"tokens": 0, "bars": 0, "notes": 0, "seconds": 0.0}
    lost: dict[str, int] = {}
    used: list[set[int]] = [set() for _ in tokenizer.fields]
    files = 0
    for result in results:
        files += 1
        for key in totals:
            totals[key] += getattr(result, key)
        for kind, count in result.out_of_vocabulary.items():
            lost[kind] = lost.get(kind, 0) + count
        for ids, more in zip(used, result.used, strict=True):
            ids.update(more)
    return {
        "files": files,
        **{key: round(value, 3) for key, value in totals.items()},
        **rates(
            int(totals["tokens"]), int(totals["bars"]), int(totals["notes"]), totals["seconds"]
        ),
        "out_of_vocabulary": lost,
        **coverage(used, tokenizer),
    }


def coverage(used: list[set[int]], tokenizer: Tokenizer) -> dict[str, Any]:
    """Return the size of the vocabularies without special tokens, and the share that occurs."""
    sizes = [size - len(SPECIALS) for size in tokenizer.sizes]
    counts = [sum(number >= len(SPECIALS) for number in ids) for ids in used]
    return {
        "vocabulary": sum(sizes),
        "used": sum(counts),
        "coverage": round(sum(counts) / sum(sizes), 4),
    }
