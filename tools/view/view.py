"""View a Song or audio as text or JSON, or save it as a picture, a score, MIDI or a Song."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from muse.tools.errors import BadInputError, MuseError, ParameterError
from muse.tools.notation.grid import GRID
from muse.tools.progress import Report, silent
from muse.tools.song.document import MARK, Song, song_to_json
from muse.tools.song.meter import Bar, song_bars
from muse.tools.song.midi import MIDI_MAGIC, MIDI_SUFFIXES, save_song
from muse.tools.theory.annotate import annotated
from muse.tools.view.audio_overview import Overview, overview
from muse.tools.view.audio_text import sound_columns, sound_lines
from muse.tools.view.chart import chord_chart
from muse.tools.view.heading import folded, heading
from muse.tools.view.inputs import Sound, with_found_chords, with_tracks
from muse.tools.view.page import bar_range, systems
from muse.tools.view.text import DIM, Line, Span, line, printable
from muse.tools.view.text_roll import LABEL_WIDTH, piano_roll

log = logging.getLogger("muse")

PICTURES = (".png", ".svg", ".pdf")
SCORES = (".musicxml", ".xml", ".mxl")
SONGS = (*MIDI_SUFFIXES, ".json")
NARROWEST = 40  # characters
PICTURE_COLUMNS = 1600  # of audio in a picture
HEAD_BYTES = 4096

# test of the first bytes of a file of each format
LOOKS_LIKE: dict[str, Callable[[bytes], bool]] = {
    ".png": lambda head: head.startswith(b"\x89PNG"),
    ".pdf": lambda head: head.startswith(b"%PDF"),
    ".svg": lambda head: b"<svg" in head,
    ".mxl": lambda head: head.startswith(b"PK"),
    ".mid": lambda head: head.startswith(MIDI_MAGIC),
    ".midi": lambda head: head.startswith(MIDI_MAGIC),
    ".json": lambda head: MARK in head,
    ".xml": lambda head: b"<score-partwise" in head or b"<score-timewise" in head,
    ".musicxml": lambda head: b"<score-partwise" in head or b"<score-timewise" in head,
}


@dataclass(frozen=True)
class Show:
    """Options of the text of a song.

    Attributes:
        width: characters in a line.
        color: whether the lines will be printed in colors.
        chart, roll: which of the two to show; neither means both.
        bars: for example "5-8"; None shows all bars of the chart and the first page of the roll.
    """

    width: int = 80
    color: bool = False
    chart: bool = False
    roll: bool = False
    bars: str | None = None


def prepare(seen: Song | Sound, tracks: str | None, find: bool) -> Song | Sound:
    """Select tracks of a song, or detect its chords, as options ask.

    Raises:
        ParameterError: no such tracks, or audio, which has none.
    """
    if isinstance(seen, Sound):
        if tracks is not None or find:
            raise ParameterError("audio has no tracks or chords; muse transcribe finds them")
        return seen
    return with_tracks(with_found_chords(seen) if find else seen, tracks)


def lines_of(seen: Song | Sound, title: str, show: Show, report: Report = silent) -> list[Line]:
    """Return the text of a song or of audio.

    Raises:
        ParameterError: the song has no such bars.
        BadInputError, MissingPartError: the audio cannot be read.
    """
    width = max(show.width, NARROWEST)
    if isinstance(seen, Sound):
        refuse_song_options(show.bars, show.chart or show.roll)
        lines = sound_lines(
            read_overview(seen, sound_columns(width), report), width, color=show.color
        )
    else:
        lines = song_lines(seen, title, show, width)
    return [[Span(printable(span.text), span.style) for span in each] for each in lines]


def song_lines(song: Song, title: str, show: Show, width: int) -> list[Line]:
    """Return heading, chart and roll of a song."""
    bars = song_bars(song)
    lines = heading(song, bars, title, width)
    if not bars:
        return [*lines, line("empty: no notes and no chords", DIM)]
    both = show.chart == show.roll
    if both or show.chart:
        chosen = bar_range(show.bars, bars)
        lines += [[], *(chord_chart(song, chosen, width) if song.chords else [no_chords()])]
    if both or show.roll:
        lines += [[], *roll_page(song, bars, show, width)]
    return lines


def no_chords() -> Line:
    """Return the line in place of a chart."""
    return line("no chords; --find looks for some", DIM)


def roll_page(song: Song, bars: list[Bar], show: Show, width: int) -> list[Line]:
    """Draw the roll of the selected bars, or of the first ones that fit side by side."""
    chosen = bar_range(show.bars, bars)
    if show.bars is not None:
        return piano_roll(song, chosen, width, color=show.color)
    first = list(systems(bars, width - LABEL_WIDTH)[0].bars)
    lines = piano_roll(song, first, width, color=show.color)
    if len(first) == len(bars):
        return lines
    following = f"--bars {len(first) + 1}-{min(2 * len(first), len(bars))} continues"
    hints = [f"bars 1-{len(first)} of {len(bars)}", following, "--bars all shows all"]
    return [*lines, [], *folded(hints, width, DIM)]


def read_overview(sound: Sound, columns: int, report: Report) -> Overview:
    """Read the overview of an audio file; the error for other files names all formats."""
    try:
        return overview(sound.path, columns, name=sound.name, report=report)
    except BadInputError as error:
        if "not audio" not in str(error):
            raise
        kinds = "neither a Song document, a MIDI file nor audio"
        raise BadInputError(f"{sound.name}: {kinds} that can be read") from error


def refuse_song_options(bars: str | None, parts: bool) -> None:
    """Raise ParameterError for audio with options that only songs have."""
    if bars is not None or parts:
        raise ParameterError("audio has no bars, chart or roll; muse transcribe finds them")


def json_of(seen: Song | Sound, report: Report = silent) -> bytes:
    """Return an annotated Song, or the measured facts of audio, as a line of JSON."""
    if isinstance(seen, Song):
        return song_to_json(annotated(seen))
    facts = read_overview(seen, 1, report)
    names = ("name", "duration_s", "sample_rate", "channels", "peak_dbfs", "loudness_lufs")
    return msgspec.json.encode({name: getattr(facts, name) for name in names}) + b"\n"


def check_output(out: Path, source: str, others: Sequence[str] = ()) -> None:
    """Check that an output file can be written, before any work is done.

    Args:
        out: the file.
        source: the input, which must not be overwritten.
        others: further suffixes that the caller writes itself, for the message.

    Raises:
        ParameterError: the suffix names no format, or `out` is the input.
        MuseError: a file of another format exists.
    """
    suffix = out.suffix.lower()
    if suffix not in LOOKS_LIKE:
        what = f"{suffix} files" if suffix else "a file without a suffix"
        known = ", ".join((*PICTURES, *SCORES, *SONGS, *others))
        raise ParameterError(f"{out}: cannot write {what}; formats are {known}")
    if out.resolve() == Path(source).resolve():
        raise ParameterError(f"{out} is the input; name another file")
    if out.is_file() and (head := first_bytes(out)) and not LOOKS_LIKE[suffix](head):
        raise MuseError(f"{out} exists and is no {suffix} file that muse writes; name another file")


def first_bytes(path: Path) -> bytes:
    """Return the first bytes of a file."""
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)


def save_view(
    seen: Song | Sound, out: Path, title: str, *, bars: str | None = None, report: Report = silent
) -> None:
    """Write a picture, a score, MIDI or a Song document, by the suffix; whole or not at all.

    Raises:
        ParameterError: audio as a score, or bars for a format without them.
        BadInputError, MissingPartError: the audio cannot be read.
    """
    suffix = out.suffix.lower()
    if suffix in PICTURES:
        save_picture(seen, out, title, bars, report)
        return
    if isinstance(seen, Sound):
        known = ", ".join(PICTURES)
        raise ParameterError(f"{out}: audio is drawn as {known}; muse transcribe makes a score")
    if bars is not None:
        raise ParameterError("--bars works for text and pictures only")
    if suffix in SCORES:
        save_score(seen, out, title)
    else:
        save_song(annotated(seen) if suffix == ".json" else seen, out)


def save_picture(
    seen: Song | Sound, out: Path, title: str, bars: str | None, report: Report
) -> None:
    """Draw the roll of a song, or audio."""
    from muse.tools.view.audio_picture import save_sound_picture
    from muse.tools.view.picture import save_song_picture

    if isinstance(seen, Sound):
        refuse_song_options(bars, False)
        save_sound_picture(read_overview(seen, PICTURE_COLUMNS, report), out)
    else:
        save_song_picture(seen, out, title=title, bars=bar_range(bars, song_bars(seen)))


def save_score(song: Song, out: Path, title: str) -> None:
    """Write MusicXML, and log how the notes were quantized."""
    from muse.tools.notation.musicxml import save_musicxml

    moved = save_musicxml(song, out, title).moved
    if moved.shift:
        log.info("the notes are off the beats of the song; shifted by %+.3f beats", moved.shift)
    if moved.notes:
        log.info(
            "quantized the notes to sixteenths or triplets: onsets moved by %.3f beats on average,"
            " %.3f at most, ends by %.3f on average",
            moved.mean_onset,
            moved.largest_onset,
            moved.mean_end,
        )
    else:
        log.info("all notes are on the grid of 1/%d beat; writing them unchanged", GRID)
    bends = sum(len(track.bends) for track in song.tracks)
    if bends:
        log.info("%d pitch bends are lost: a score cannot hold them", bends)
