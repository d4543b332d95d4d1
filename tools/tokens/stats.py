"""How many tokens music takes, and how much of a vocabulary it uses."""

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
        tokens: ids, or for a compound scheme steps of several ids.
        seconds: up to the last note's end, by the song's own tempos.
        out_of_vocabulary: what the scheme had no token for, and cut or left out, by kind.
        used: for each vocabulary the ids that occur.
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
        seconds=round(seconds_of(score), 3),
        out_of_vocabulary=encoded.losses,
        used=used_ids(encoded, tokenizer),
    )


def bar_count(grid: Grid) -> int:
    """Bars up to the last that something happens in; of 4/4 where a scheme holds no metre."""
    return len(grid.bars())


def seconds_of(score: ScoreTick) -> float:
    """When the last note ends."""
    quarter = score.ticks_per_quarter
    tempos = [(t.time / quarter, MICROSECONDS_PER_MINUTE / t.mspq) for t in score.tempos]
    end = max((int(track.end()) for track in score.tracks if len(track.notes)), default=0)
    return float(TempoMap(sorted(tempos)).seconds_at(end / quarter))


def used_ids(encoded: Encoded, tokenizer: Tokenizer) -> list[list[int]]:
    """For each vocabulary the ids that occur."""
    if not tokenizer.scheme.is_compound:
        return [sorted(set(encoded.ids))]  # type: ignore[arg-type]
    used: list[set[int]] = [set() for _ in tokenizer.fields]
    for word in encoded.ids:
        for number, ids in zip(word, used, strict=False):  # type: ignore[arg-type]
            ids.add(number)
    return [sorted(ids) for ids in used]


def rates(tokens: int, bars: int, notes: int, seconds: float) -> dict[str, float | None]:
    """Tokens per bar, second and note; None where there are none."""
    counts = {"bar": bars, "second": seconds, "note": notes}
    return {
        f"tokens_per_{unit}": round(tokens / count, 3) if count else None
        for unit, count in counts.items()
    }


def describe(result: Stats) -> dict[str, Any]:
    """One song's counts as JSON holds them."""
    return {
        "tokens": result.tokens,
        "bars": result.bars,
        "notes": result.notes,
        "seconds": result.seconds,
        **rates(result.tokens, result.bars, result.notes, result.seconds),
        "out_of_vocabulary": result.out_of_vocabulary,
    }


def summary(results: Iterable[Stats], tokenizer: Tokenizer) -> dict[str, Any]:
    """Counts of many songs in one, with the share of the vocabulary that they use."""
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
    """Sizes of the vocabularies, special tokens left out, and the shares that occur."""
    sizes = [size - len(SPECIALS) for size in tokenizer.sizes]
    counts = [sum(number >= len(SPECIALS) for number in ids) for ids in used]
    return {
        "vocabulary": sum(sizes),
        "used": sum(counts),
        "coverage": round(sum(counts) / sum(sizes), 4),
    }
