"""A melody to put chords under: its notes, its bars, and where the chords begin.

Chords begin on the bar line of the melody's first bar, after a pickup on the next one, and fill
every bar to the end of the last note; bars before that stay empty. Bars are numbered as
`muse view` numbers them. Of a melody in several voices the highest is heard.

Conventions: beats are quarter notes; in a Melody they are counted from where the chords begin.
"""

import logging
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import msgspec
import numpy as np

from muse.tools.chords.constraints import FINEST_BEATS, MAX_BARS, Frame, id_of
from muse.tools.chords.harmonize.melody_fit import TOUCH, Floats, Segment, load_fit, segment_class
from muse.tools.chords.song_arrays import longest_meter
from muse.tools.datasets.forms.melody import MELODY_NAME, MELODY_ROLES, find_melody_track
from muse.tools.datasets.harmony_columns import longest_key
from muse.tools.datasets.melody_events import STEPS, quantize_melody
from muse.tools.errors import BadInputError, MuseError, ParameterError
from muse.tools.song.document import Key, Meter, Song, Tempo, Track
from muse.tools.song.meter import Bar, bar_beats, bars_until, signature_text
from muse.tools.song.tempo_map import DEFAULT_BPM
from muse.tools.theory.chords import ChordSymbol
from muse.tools.theory.key_finding import find_key
from muse.tools.theory.keys import Tonality, tonality_of

log = logging.getLogger("muse")

OVERHANG = 0.25  # beats that the last note may be held into a bar without making it one of the song
FIT_POWER = 0.8  # of what the notes say: those over one chord are not independent
SURE_SIGNS, SURE = 2, 0.5  # signatures so far apart, and so much confidence, are no slip of the ear
SOUND_ALIKE = 12  # signs more or less make the same sounds
PICKUP_SHARE = 0.5  # of a bar: what begins with less than this of the bar left is a pickup
DENOMINATORS = (2, 4, 8)  # of metres whose beats chords can be counted in


@dataclass(frozen=True)
class Sung:
    """A note of the melody's highest voice, in beats from where the chords begin."""

    start: float
    end: float
    pitch_class: int


@dataclass(frozen=True)
class Melody:
    """What chords are put under.

    Attributes:
        song: the melody's track alone, with the metres, keys and tempos that it goes by.
        notes: in order, none overlapping the next.
        meter: the one that holds longest.
        origin_beats: where the chords begin in the song.
        first_bar: number of the bar there.
        lines: bar lines from there on, and the end, on eighths.
    """

    song: Song
    notes: tuple[Sung, ...]
    meter: Meter
    origin_beats: float
    first_bar: int
    lines: tuple[float, ...]

    @property
    def track(self) -> Track:
        """The melody as it was given."""
        return self.song.tracks[0]

    def as_lead(self) -> Track:
        """The melody as it was given, but known as one in the Song, and by its name in MIDI."""
        track = self.track
        if MELODY_NAME.search(track.name) or track.role in MELODY_ROLES:
            return track
        name = f"{track.name} (melody)" if track.name else "Melody"
        return msgspec.structs.replace(track, name=name, role="lead")

    def segments(self, start: float, end: float) -> list[Segment]:
        """What sounds of the melody from beat to beat, if one chord is under it."""
        first = bisect_right(self.notes, start + TOUCH, key=lambda note: note.end)
        found = []
        for note in self.notes[first:]:
            if note.start >= end - TOUCH:
                break
            begin = max(note.start, start)
            position = begin - self.lines[bisect_right(self.lines, begin + TOUCH) - 1]
            length = min(note.end, end) - begin
            kind = segment_class(position, length, self.meter, note.start < start - TOUCH)
            found.append(Segment(kind, note.pitch_class))
        return found

    def has_even_bars(self) -> bool:
        """Whether all bars are as long as the metre says."""
        usual = bar_beats(self.meter)
        return all(b - a == usual for a, b in pairwise(self.lines))


def melody_of(song: Song, meter: Meter | None = None, name: str = "the song") -> Melody:
    """The melody of a song.

    Args:
        song: with a track that is a melody; other tracks and chords are left out.
        meter: to be taken instead of the song's own.
        name: what to call the song in a message.

    Raises:
        BadInputError: no melody in it, a metre without eighths, or more than MAX_BARS bars.
    """
    track = track_of(song, name)
    meters = [meter] if meter else song.meters
    alone = msgspec.structs.replace(
        song, tracks=[track], chords=[], meters=meters, source=None, made_by=None
    )
    notes = quantize_melody(track.notes)
    start, end = notes[0].start / STEPS, max(n.start + n.duration for n in notes) / STEPS
    main = longest_meter(alone)
    check_meter(main, name)
    bars = bars_under(meters, notes[-1].start / STEPS, end, name)
    bars = bars[first_bar(bars, start, notes[-1].start / STEPS, main) :]
    if len(bars) > MAX_BARS:
        raise BadInputError(
            f"{name}: its melody takes {len(bars)} bars; --under takes {MAX_BARS} at the most"
        )
    origin = bars[0].start
    sung = tuple(
        Sung(n.start / STEPS - origin, (n.start + n.duration) / STEPS - origin, n.pitch % 12)
        for n in notes
    )
    return Melody(alone, sung, main, origin, bars[0].number, lines_of(bars))


def track_of(song: Song, name: str) -> Track:
    """The melody's track; raises BadInputError with the song's name where there is none."""
    if not any(track.notes and not track.is_drum for track in song.tracks):
        raise BadInputError(f"{name}: there are no notes in it to put chords under")
    try:
        return find_melody_track(song)
    except BadInputError as error:
        raise BadInputError(f"{name}: {error}") from error


def bars_under(meters: Sequence[Meter], last: float, end: float, name: str) -> list[Bar]:
    """The bars from beat 0 to the end of the melody, its last note's start in any case."""
    try:
        return bars_until(meters, max(end - OVERHANG, last + 2 * TOUCH))
    except MuseError as error:
        raise BadInputError(f"{name}: its melody is too long to put chords under") from error


def tell_what_is_left_out(song: Song) -> None:
    """Say that a song's other tracks and its chords are not taken over."""
    others = sum(bool(track.notes) for track in song.tracks) - 1
    words = [f"{others} other track{'s' * (others > 1)}"] * bool(others)
    words += ["the chords"] * bool(song.chords)
    if words:
        log.info("the melody is taken, and %s left out", " and ".join(words))


def warn_of_key(song: Song) -> None:
    """Say where a melody surely sounds in another key than its song says: --key puts it right.

    Programs write C major where nobody chose a key. Of 128 songs with the right key none is warned
    of.
    """
    if not song.keys:
        return
    heard = find_key(Song(tracks=[find_melody_track(song)]))
    written, sounding = tonality_of(longest_key(song)), tonality_of(heard)
    signs = abs(written.sharps - sounding.sharps) % SOUND_ALIKE
    if min(signs, SOUND_ALIKE - signs) >= SURE_SIGNS and heard.confidence >= SURE:
        log.warning(
            "the song says %s, but its melody sounds in %s; --key says which it is",
            written.name,
            sounding.name,
        )


def check_meter(meter: Meter, name: str) -> None:
    """Raise where chords cannot be counted in a metre."""
    if meter.denominator not in DENOMINATORS:
        raise BadInputError(
            f"{name}: in {signature_text(meter)}, and chords are made in halves, "
            "quarters and eighths; say one with --meter"
        )


def first_bar(bars: Sequence[Bar], start: float, last: float, meter: Meter) -> int:
    """Index of the bar where the chords begin.

    Args:
        bars: of the song.
        start: of the first note, in beats.
        last: start of the last note.
        meter: the song's.
    """
    index = next(i for i, bar in enumerate(bars) if bar.end > start + TOUCH)
    bar = bars[index]
    is_pickup = bar.end - start <= PICKUP_SHARE * bar_beats(meter) + TOUCH
    goes_on = last >= bar.end - TOUCH and index + 1 < len(bars)
    return index + 1 if is_pickup and goes_on else index


def lines_of(bars: Sequence[Bar]) -> tuple[float, ...]:
    """The bar lines of bars and the end of the last one, on eighths from the first one's start."""
    places = [*(bar.start for bar in bars), bars[-1].end]
    return tuple(sorted({on_eighth(place - places[0]) for place in places}))


def on_eighth(beats: float) -> float:
    """The nearest eighth."""
    return round(beats / FINEST_BEATS) * FINEST_BEATS


def keys_of(melody: Melody) -> list[Key]:
    """The keys that are written in the song, else the one that its notes are in."""
    return melody.song.keys or [find_key(melody.song)]


def under_frame(frame: Frame, melody: Melody) -> Frame:
    """The frame with the melody's bars."""
    lines = () if melody.has_even_bars() else melody.lines
    return replace(frame, bars=len(melody.lines) - 1, first_bar=melody.first_bar, lines=lines)


def check_room(frame: Frame, melody: Melody | None) -> None:
    """Raise where a prompt is longer than the melody above it."""
    if melody is not None and frame.prompt_end > frame.end_beats:
        raise ParameterError(
            "the prompt is longer than the melody above it; leave out its last chords"
        )


def settled(melody: Melody, key: Tonality | None, bpm: float | None) -> Melody:
    """The melody with the keys, tempos and metres that it goes by, none left out.

    Args:
        melody: with what is written in its song.
        key: asked for instead of its own; it moves no note.
        bpm: quarter notes a minute, asked for instead of its own.
    """
    song = melody.song
    own_tempos = song.tempos or [Tempo(0.0, DEFAULT_BPM)]
    song = msgspec.structs.replace(
        song,
        keys=[Key(0.0, key.tonic_pc, key.mode)] if key else keys_of(melody),
        tempos=own_tempos if bpm is None else [Tempo(0.0, bpm)],
        meters=song.meters or [melody.meter],
    )
    return replace(melody, song=song)


class Fits:
    """What a melody says of each chord, as a style plays it."""

    def __init__(self, melody: Melody, symbols: Sequence[ChordSymbol], home_pc: int) -> None:
        """Take the melody, the symbol of every id, and the common key's tonic."""
        self.melody, self.home_pc = melody, home_pc
        self.played = np.array([id_of(symbol) for symbol in symbols])
        self.table = load_fit()
        self.beat, self.known = 0.0, dict[float, Floats]()

    def of(self, beat: float, length: float) -> Floats:
        """Log weight of each id from a beat on, (VOCABULARY_SIZE,); all 0 where nothing sounds."""
        if beat != self.beat:
            self.beat, self.known = beat, {}
        if length not in self.known:
            segments = self.melody.segments(beat, beat + length)
            self.known[length] = FIT_POWER * self.table.of(segments, self.home_pc)[self.played]
        return self.known[length]
