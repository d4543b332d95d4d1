"""A take as a Song: solo, keys and bass, the tempo as it was, chords as they were decided.

The Song begins with the bar of the first note, in the count-in if someone played there.
"""

from collections.abc import Iterator, Sequence
from math import floor

from muse.tools.jam.midi_bytes import is_on
from muse.tools.jam.takes.records import Decided, Heard, Played, Taken, TempoSet
from muse.tools.jam.takes.tracks import track_of
from muse.tools.song.document import Chord, Key, MadeBy, Meter, Role, Song, Tempo, Track
from muse.tools.song.meter import bar_beats
from muse.tools.theory.annotate import annotated
from muse.tools.theory.keys import parse_key

NO_CHORD = "N.C."
EARLY_BEATS = 0.5  # a note that comes so much before the first bar line still belongs to it
TRACKS: tuple[tuple[str, Role], ...] = (("Keys", "keys"), ("Bass", "bass"))


def song_of_take(take: Taken) -> Song:
    """The take as a Song; the click is not in it."""
    meter = Meter(0.0, take.header.numerator, take.header.denominator)
    origin = first_bar(take, bar_beats(meter))
    end = max(take.end.beat - origin, 0.0)
    header = take.header
    song = Song(
        tempos=list(tempos(take.tempos, origin)),
        meters=[meter],
        keys=list(keys(take.decided, origin)),
        chords=list(chords(take.decided, origin, end)),
        tracks=[track for track in tracks(take, origin, end) if track.notes],
        made_by=MadeBy(
            "jam", header.version, header.params, header.seed, header.model, header.model_hash
        ),
    )
    return annotated(song)


def first_bar(take: Taken, bar: float) -> float:
    """The bar line that the Song begins at, in beats; 0 or negative."""
    starts = (line.beat for line in take.heard if is_on(bytes.fromhex(line.data)))
    first = min(starts, default=0.0)
    return bar * floor((first + EARLY_BEATS) / bar) if first < -EARLY_BEATS else 0.0


def tempos(lines: Sequence[TempoSet], origin: float) -> Iterator[Tempo]:
    """The tempo map from the Song's beginning on."""
    placed = {max(line.beat - origin, 0.0): line.bpm for line in lines}
    yield from (Tempo(beat, bpm) for beat, bpm in sorted(placed.items()))


def keys(decided: Sequence[Decided], origin: float) -> Iterator[Key]:
    """The keys in which chords were decided, each from where it was heard; the first from 0 on."""
    before = None
    for line in decided:
        if line.key != before:
            key = parse_key(line.key)
            beat = max(line.beat - origin, 0.0) if before else 0.0
            yield Key(beat, key.tonic_pc, key.mode, line.key_confidence)
        before = line.key


def chords(decided: Sequence[Decided], origin: float, end: float) -> Iterator[Chord]:
    """Chords that last until the next one; one that goes on is one chord."""
    begun = [
        line
        for place, line in enumerate(decided)
        if place == 0 or line.symbol != decided[place - 1].symbol
    ]
    ends = [*(line.beat - origin for line in begun[1:]), end]
    for line, stop in zip(begun, ends, strict=False):  # without chords there is an end all the same
        start = max(line.beat - origin, 0.0)
        if stop > start and line.symbol != NO_CHORD:
            yield Chord(start, stop - start, line.symbol, probability=line.probability)


def tracks(take: Taken, origin: float, end: float) -> Iterator[Track]:
    """The player's track, and those of the band."""
    solo = track_of(timed(take.heard, origin), 0, "Solo", end)
    solo.role = "lead"
    yield solo
    for name, role in TRACKS:
        own = [line for line in take.played if line.part == role]
        track = track_of(timed(own, origin), 0, name, end)
        track.role = role
        yield track


def timed(lines: Sequence[Heard] | Sequence[Played], origin: float) -> list[tuple[float, bytes]]:
    """Messages by the Song's beat."""
    placed = [(max(line.beat - origin, 0.0), bytes.fromhex(line.data)) for line in lines]
    return sorted(placed, key=lambda pair: pair[0])
