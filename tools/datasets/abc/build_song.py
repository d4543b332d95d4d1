"""Build a Song from the bars of a tune, in the order played.

Each voice is a track; what follows an `&` is another one. The bars of the first voice give the
meters, keys and sections. The melody is the first voice that is named as one ("Melody", "Vocals"),
or else the first voice. `lead_sheets.py` describes pickups and bars of other lengths; two parts
of a bar around a repeat sign are one bar.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import gcd, lcm

import msgspec

from muse.tools.datasets.abc import unread as kinds
from muse.tools.datasets.abc.fields import Signature
from muse.tools.datasets.abc.lengths import TICKS, bar_ticks, beats
from muse.tools.datasets.abc.parser import Tune
from muse.tools.datasets.abc.play_order import Played, play_order
from muse.tools.datasets.abc.unread import Unread
from muse.tools.datasets.abc.voice import Bar, Voice
from muse.tools.datasets.lead_sheets import (
    MELODY_PROGRAM,
    VELOCITY,
    WrittenBar,
    chords_from_symbols,
    merge_keys,
    meters_from_bars,
    pickup_shift,
)
from muse.tools.errors import BadInputError
from muse.tools.song.document import (
    DEFAULT_TICKS_PER_BEAT,
    Chord,
    Key,
    Lyric,
    Meter,
    Note,
    Role,
    Section,
    Song,
    Tempo,
    Track,
)
from muse.tools.song.meter import COMMON_TIME, meter_of_length
from muse.tools.song.roles import leading_index, role_by_name, role_of
from muse.tools.song.validation import MAX_TICKS_PER_BEAT
from muse.tools.theory.chords import UNKNOWN_CHORD, ChordSymbol, parse_chord
from muse.tools.theory.keys import Tonality, song_key

MELODY = "MELODY"  # name of the leading voice if it has none
OVERLAY = "{} overlay {}"  # name of the track of a further layer
# an unread text that looks like a chord; others, such as "Fine", are words
LIKE_A_CHORD = re.compile(r"[A-G][#b♯♭]?(?:m|M|\d|[#b♯♭+°ø/-]|dim|aug|sus|add|\()\S*")
SMALL_BASS = re.compile(r"/([a-g])([#b+]?)$")  # the bass as ABC allows it: D/f#, D/f+
SECOND_CHORD = re.compile(r"\s*\([^()]*\)$")  # an alternative behind a chord symbol: G(Em)
LONGEST_WRITTEN_BAR = 2  # full bars: longer bars, without bar lines, are divided


@dataclass
class Layer:
    """The notes of one layer of a voice as played; times in ticks."""

    notes: list[tuple[int, int, int]] = field(default_factory=list)
    lyrics: list[tuple[int, str]] = field(default_factory=list)


@dataclass
class Performance:
    """A voice as played: its layers, and the marks and bars on the way."""

    layers: dict[int, Layer] = field(default_factory=dict)
    bars: list[tuple[int, Bar]] = field(default_factory=list)
    texts: list[tuple[int, str]] = field(default_factory=list)
    signatures: list[tuple[int, Signature]] = field(default_factory=list)
    tempos: list[tuple[int, float]] = field(default_factory=list)
    sections: list[tuple[int, str]] = field(default_factory=list)
    end: int = 0


def song_of(tune: Tune, unread: Unread) -> Song:
    """Return a tune as a Song.

    Raises:
        BadInputError: its repeats make too many bars.
    """
    orders = voice_orders(tune, unread)
    played = [perform(voice, order) for voice, order in zip(tune.voices, orders, strict=True)]
    first = played[0]
    bars = written_bars(first.bars)
    shift = round(pickup_shift(bars) * TICKS)
    end = beats(max(each.end for each in played) + shift)
    chords = chords_of([each.texts for each in played], shift, end, unread)
    lead = leading_index(voice.attributes.name or voice.id for voice in tune.voices) or 0
    tracks = [
        track
        for index, (voice, each) in enumerate(zip(tune.voices, played, strict=True))
        for track in tracks_of(voice, each, shift, is_lead=index == lead)
    ]
    return Song(
        ticks_per_beat=ticks_of(played),
        tempos=tempos_of(played, shift),
        meters=meters_from_bars(bars, beats(shift)),
        keys=keys_of(first.signatures, shift, chords),
        sections=[
            Section(beats(beat + shift) if beat else 0.0, label) for beat, label in first.sections
        ],
        chords=chords,
        tracks=tracks,
    )


def voice_orders(tune: Tune, unread: Unread) -> list[Played]:
    """Return the order of the bars of each voice.

    A voice without repeats or parts takes those of the first voice that has some, if it has as
    many bars.
    """
    model = next((voice for voice in tune.voices if has_order(voice, tune.parts)), None)
    orders = []
    for voice in tune.voices:
        own = voice
        if model is not None and not has_order(voice, tune.parts):
            if len(voice.bars) == len(model.bars):
                own = model
            else:
                unread.add(kinds.NO_REPEATS, voice.id)
        order, missing = play_order(own.bars, tune.parts)
        if voice is tune.voices[0]:
            for label in sorted(missing):
                unread.add(kinds.NO_PARTS, label)
        orders.append(order)
    return orders


def has_order(voice: Voice, parts: Sequence[str]) -> bool:
    """Return whether a voice has repeats, endings, or parts that are played in another order."""
    return any(bar.starts or bar.ends or bar.endings or (parts and bar.label) for bar in voice.bars)


def perform(voice: Voice, order: Played) -> Performance:
    """Play the bars of a voice in order; tied notes become one."""
    played = Performance()
    open_ties: dict[tuple[int, int], int] = {}  # layer and pitch -> index of the note
    time = 0
    for index, number in order:
        bar = voice.bars[index]
        add_marks(played, bar, time)
        for note in bar.notes:
            layer = played.layers.setdefault(note.layer, Layer())
            start = time + note.start
            key = (note.layer, note.pitch)
            tied = open_ties.pop(key, None)
            if tied is not None and layer.notes[tied][0] + layer.notes[tied][1] == start:
                layer.notes[tied] = (
                    layer.notes[tied][0],
                    layer.notes[tied][1] + note.length,
                    note.pitch,
                )
            else:
                tied = len(layer.notes)
                layer.notes.append((start, note.length, note.pitch))
            if note.is_tied:
                open_ties[key] = tied
            if note.syllables:
                verses = note.syllables
                layer.lyrics.append((start, verses.get(number, verses[min(verses)])))
        time += bar.length
    played.end = time
    return played


def add_marks(played: Performance, bar: Bar, time: int) -> None:
    """Add what a bar says besides its notes."""
    played.bars.append((time, bar))
    played.signatures.append((time, bar.signature))
    played.signatures += [(time + start, signature) for start, signature in bar.signatures]
    played.texts += [(time + start, text) for start, text in bar.texts]
    if bar.bpm is not None:
        played.tempos.append((time, bar.bpm))
    played.tempos += [(time + start, bpm) for start, bpm in bar.tempos]
    if bar.label:
        played.sections.append((time, bar.label))


def written_bars(played: Sequence[tuple[int, Bar]]) -> list[WrittenBar]:
    """Return the bars; those without bar lines are divided, those parted by a repeat joined."""
    bars: list[tuple[int, int, Meter]] = []
    for start, bar in played:
        meter = bar.meter or free_meter(bar.length)
        full = bar_ticks(meter)
        if bars and joins(bars[-1], bar.length, meter):
            bars[-1] = (bars[-1][0], full, meter)
            continue
        left = bar.length
        while left >= LONGEST_WRITTEN_BAR * full and len(bars) < len(played) + MAX_DIVIDED:
            bars.append((start, full, meter))
            start, left = start + full, left - full
        bars.append((start, left, meter))
    return [WrittenBar(beats(start), beats(length), meter) for start, length, meter in bars]


MAX_DIVIDED = 1000  # bars


def joins(before: tuple[int, int, Meter], length: int, meter: Meter) -> bool:
    """Return whether a bar completes the short one before it."""
    full = bar_ticks(meter)
    return before[1] < full and length < full and before[1] + length == full


def free_meter(length: int) -> Meter:
    """Return the meter of a bar without one: its length if that is short, else 4/4."""
    if length > LONGEST_WRITTEN_BAR * bar_ticks(COMMON_TIME) or not length:
        return COMMON_TIME
    return meter_of_length(beats(length), 0.0)


def tempos_of(played: Iterable[Performance], shift: int) -> list[Tempo]:
    """Return the tempos of all voices, without repetitions; the first applies from beat 0."""
    marks = sorted({mark for each in played for mark in each.tempos}, key=lambda mark: mark[0])
    tempos: list[Tempo] = []
    for beat, bpm in marks:
        if not tempos or tempos[-1].bpm != bpm:
            tempos.append(Tempo(beats(beat + shift) if tempos else 0.0, bpm))
    return tempos


def keys_of(
    signatures: Iterable[tuple[int, Signature]], shift: int, chords: Sequence[Chord]
) -> list[Key]:
    """Return the keys; the mode of a lone key without one is inferred from the last chord."""
    marks = [(beat, s) for beat, s in signatures if s.tonic is not None]
    keys = [song_key(beats(beat + shift), Tonality(s.tonic or 0, s.mode)) for beat, s in marks]
    is_exact = any(signature.is_exact for _, signature in marks)
    return merge_keys(keys, () if is_exact else chords)


def chords_of(
    voices: Iterable[Iterable[tuple[int, str]]], shift: int, end: float, unread: Unread
) -> list[Chord]:
    """Return the chords of all voices; of two at one place the first voice's, the last written."""
    symbols: dict[float, ChordSymbol] = {}
    texts: dict[float, str] = {}
    for voice in voices:
        own: dict[float, tuple[ChordSymbol, str]] = {}
        for beat, text in voice:
            symbol = read_symbol(text, unread)
            if symbol is not None:
                own[beats(beat + shift)] = (symbol, text)
        for place, (symbol, text) in own.items():
            if place not in symbols:
                symbols[place], texts[place] = symbol, text
    return [
        msgspec.structs.replace(chord, symbol=texts[chord.start_beats])
        if symbols[chord.start_beats] == UNKNOWN_CHORD
        else chord
        for chord in chords_from_symbols(symbols, end)
    ]


def read_symbol(text: str, unread: Unread) -> ChordSymbol | None:
    """Return the chord of a text; unknown if it only looks like one, None for other words."""
    plain = SMALL_BASS.sub(lambda bass: f"/{bass[1].upper()}{bass[2].replace('+', '#')}", text)
    for spelling in (plain, SECOND_CHORD.sub("", plain)):
        try:
            return parse_chord(spelling)
        except BadInputError:
            continue
    unread.add(kinds.NOT_CHORDS, text)
    return UNKNOWN_CHORD if LIKE_A_CHORD.fullmatch(text) else None


def tracks_of(voice: Voice, played: Performance, shift: int, *, is_lead: bool) -> list[Track]:
    """Return the tracks of a voice: one for each layer that has notes."""
    name = voice.attributes.name or (MELODY if is_lead else voice.id)
    program = voice.program if voice.program is not None else MELODY_PROGRAM
    tracks = []
    for number, layer in sorted(played.layers.items()):
        leads = is_lead and number == min(played.layers)
        tracks.append(
            Track(
                name=OVERLAY.format(name, number) if number else name,
                role=voice_role(voice, name, leads=leads),
                program=program,
                is_drum=voice.is_drum,
                notes=[
                    Note(beats(start + shift), beats(length), pitch, VELOCITY)
                    for start, length, pitch in layer.notes
                ],
                lyrics=[Lyric(beats(beat + shift), text) for beat, text in layer.lyrics],
            )
        )
    return tracks


def voice_role(voice: Voice, name: str, *, leads: bool) -> Role:
    """Return the role of a voice: lead if it `leads`, else by its name, else by its program."""
    if voice.is_drum or (role_by_name(name) and not leads):
        return role_of(name, voice.program or 0, voice.is_drum)
    if leads:
        return "lead"
    return "other" if voice.program is None else role_of("", voice.program, False)


def ticks_of(played: Iterable[Performance]) -> int:
    """Return the ticks to a beat that hold every note exactly, if MIDI can."""
    times = (
        time
        for each in played
        for layer in each.layers.values()
        for note in layer.notes
        for time in note[:2]
    )
    ticks = lcm(DEFAULT_TICKS_PER_BEAT, TICKS // gcd(TICKS, *times))
    return ticks if ticks <= MAX_TICKS_PER_BEAT else DEFAULT_TICKS_PER_BEAT
