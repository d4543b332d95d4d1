"""Songs from MIDI files that symusic refuses or misreads; `midi_checks.py` decides which.

Problems of a file that are got over are logged as one warning.
"""

import logging
from collections.abc import Iterator, Sequence
from fractions import Fraction

from muse.tools.errors import BadInputError
from muse.tools.song.document import (
    Bend,
    Control,
    Key,
    Lyric,
    Meter,
    Note,
    Program,
    Song,
    Tempo,
    TextEncoding,
    Track,
)
from muse.tools.song.karaoke import karaoke_lyrics, with_sung_lyrics
from muse.tools.song.midi_channels import Line, lines_of
from muse.tools.song.midi_events import (
    KEY,
    LYRIC,
    MARKER,
    METER,
    NAME,
    TEMPO,
    MidiEvents,
    TrackEvents,
    parse_midi,
)
from muse.tools.song.midi_markers import CHORDS_MARK, cleaned, cleaned_lyric, read_markers
from muse.tools.song.midi_text import decode, text_encoding
from muse.tools.song.roles import plays_drums, role_of
from muse.tools.song.signatures import key_of
from muse.tools.song.validation import (
    DENOMINATORS,
    MAX_BEATS,
    MAX_TICKS,
    MAX_TICKS_PER_BEAT,
    MICROSECONDS_PER_MINUTE,
    length_problem,
)

log = logging.getLogger("muse")

SEQUENCES = 2  # type of a file whose tracks are pieces of their own
SMPTE = 0x8000  # in the header's division: times are parts of video frames
DROP_FRAME = {29: Fraction(30_000, 1001)}  # frames a second that the header writes as 29
SMPTE_BPM = 120  # beats that are written over time in seconds
MAX_SHARPS = 7


def careful_songs(data: bytes, name: str) -> list[Song]:
    """Read the bytes of a MIDI file from its header on: one song, or those of a file of type 2.

    Raises:
        BadInputError: there is no whole header, nothing to read, or no piece of music.
    """
    midi = parse_midi(data)
    if midi is None or not midi.division:
        raise BadInputError(f"{name}: not a readable MIDI file (its header is damaged)")
    is_empty = not any(track.channel_events or track.texts for track in midi.tracks)
    if not midi.tracks or (is_empty and +midi.problems):
        raise BadInputError(f"{name}: not a readable MIDI file (no whole event in it)")
    parts = [midi.tracks]
    if midi.kind == SEQUENCES:
        parts = [[track] for track in midi.tracks if track.channel_events] or parts
    songs = [song_of(midi, tracks, name) for tracks in parts]
    if problems := +midi.problems:
        log.warning("%s: %s", name, "; ".join(problems))
    return songs


def song_of(midi: MidiEvents, tracks: Sequence[TrackEvents], name: str) -> Song:
    """Build a song of the tracks of a file; raises as `careful_songs`."""
    ticks, tempos = time_base(midi.division, tracks, name)
    check_times(tracks, ticks, name)
    encoding = text_encoding(text for track in tracks for _, _, text in track.texts)
    lines = lines_of(tracks)
    end = max((start + length for line in lines for start, length, *_ in line.notes), default=0)
    markers = [
        (tick / ticks, decode(text, encoding)) for tick, _, text in merged(tracks, "texts", MARKER)
    ]
    own = any(text == CHORDS_MARK for track in tracks for _, _, text in track.texts)
    sections, chords = read_markers(markers, end / ticks, own)
    song = Song(
        ticks_per_beat=ticks,
        tempos=tempos,
        meters=list(meters_of(tracks, ticks)),
        keys=list(keys_of(tracks, ticks)),
        sections=sections,
        chords=chords,
        tracks=song_tracks(tracks, lines, ticks, encoding),
        text_encoding=encoding,
    )
    if problem := length_problem(song):
        raise BadInputError(f"{name}: {problem}")
    if unended := sum(line.unended for line in lines):
        log.warning("%s: ignored notes without an end (keys: %d)", name, unended)
    return song


def time_base(division: int, tracks: Sequence[TrackEvents], name: str) -> tuple[int, list[Tempo]]:
    """Return ticks per beat and tempos; beats at a steady tempo for times in video frames."""
    if not division & SMPTE:
        return division, [
            Tempo(tick / division, MICROSECONDS_PER_MINUTE / mspq)
            for tick, _, body in merged(tracks, "metas", TEMPO)
            if (mspq := int.from_bytes(body[:3])) > 0
        ]
    frames, parts = 256 - (division >> 8), division & 0xFF
    ticks = frames * parts * 60 // SMPTE_BPM
    rate = DROP_FRAME.get(frames, Fraction(frames))
    if not 0 < ticks <= MAX_TICKS_PER_BEAT:
        raise BadInputError(f"{name}: has {frames} video frames of {parts} ticks, which is no time")
    log.info("%s: times are in seconds; beats are written at %d bpm", name, SMPTE_BPM)
    return ticks, [Tempo(0.0, float(rate * parts * 60 / ticks))]


def check_times(tracks: Sequence[TrackEvents], ticks: int, name: str) -> None:
    """Raise BadInputError for events later than a piece of music can last."""
    last = max(
        (lane[-1][0] for t in tracks for lane in (t.channel_events, t.texts, t.metas) if lane),
        default=0,
    )
    if last > min(MAX_TICKS, MAX_BEATS * ticks):
        raise BadInputError(f"{name}: has events at impossible times; the file is damaged")


def merged(tracks: Sequence[TrackEvents], lane: str, kind: int) -> list[tuple[int, int, bytes]]:
    """Return the meta events of a type from all tracks, in order of time."""
    found = [event for track in tracks for event in getattr(track, lane) if event[1] == kind]
    return sorted(found, key=lambda event: event[0])


def meters_of(tracks: Sequence[TrackEvents], ticks: int) -> Iterator[Meter]:
    """Yield the time signatures that music can have."""
    for tick, _, body in merged(tracks, "metas", METER):
        denominator = 1 << min(body[1], 16)
        if body[0] and denominator in DENOMINATORS:
            yield Meter(tick / ticks, body[0], denominator)


def keys_of(tracks: Sequence[TrackEvents], ticks: int) -> Iterator[Key]:
    """Yield the key signatures that music can have."""
    for tick, _, body in merged(tracks, "metas", KEY):
        sharps = int.from_bytes(body[:1], signed=True)
        if abs(sharps) <= MAX_SHARPS and body[1] in (0, 1):
            yield key_of(tick / ticks, sharps, body[1] == 1)


def song_tracks(
    tracks: Sequence[TrackEvents], lines: Sequence[Line], ticks: int, encoding: TextEncoding
) -> list[Track]:
    """Return a track for each line; lyrics are those of the first line of their track.

    Lyrics of a track without notes belong to the line that they are sung to, if there is one.
    """
    found: list[Track] = []
    words: list[Track] = []
    for number, events in enumerate(tracks):
        name = name_of(events, encoding)
        own = [song_track(line, name, ticks) for line in lines if line.track == number]
        lyrics = lyrics_of(events, ticks, encoding)
        if lyrics and own:
            own[0].lyrics = lyrics
        elif lyrics:
            words.append(Track(name=name, role=role_of(name, 0, False), lyrics=lyrics))
        found += own
    return with_sung_lyrics(found, words)


def name_of(events: TrackEvents, encoding: TextEncoding) -> str:
    """Return the name of a track, the last if it has several; "" if it has none."""
    names = [text for _, kind, text in events.texts if kind == NAME]
    return cleaned(decode(names[-1], encoding)) if names else ""


def lyrics_of(events: TrackEvents, ticks: int, encoding: TextEncoding) -> list[Lyric]:
    """Return the lyrics of a track, those of a karaoke file from its texts."""
    texts = [(t, decode(text, encoding)) for t, kind, text in events.texts if kind == LYRIC]
    texts = texts or karaoke_lyrics(events.texts, encoding)
    return [Lyric(t / ticks, line) for t, text in texts if (line := cleaned_lyric(text)).strip()]


def song_track(line: Line, name: str, ticks: int) -> Track:
    """Convert a line to a track of a song."""
    pitches = [note[2] for note in line.notes]
    is_drum = line.is_drum or plays_drums(name, line.program, pitches)
    return Track(
        name=name,
        role=role_of(name, line.program, is_drum),
        program=line.program,
        is_drum=is_drum,
        notes=[Note(start / ticks, length / ticks, *rest) for start, length, *rest in line.notes],
        bends=[Bend(tick / ticks, value) for tick, value in line.bends],
        controls=[Control(tick / ticks, *rest) for tick, *rest in line.controls],
        programs=[Program(tick / ticks, program) for tick, program in line.programs],
    )
