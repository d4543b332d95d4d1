"""View a Song or audio as text or JSON, or save it as a picture, a score, MIDI or a Song."""

import logging
from dataclasses import dataclass
from pathlib import Path

from muse.tools.errors import BadInputError, ParameterError
from muse.tools.files import json_bytes
from muse.tools.notation.grid import GRID
from muse.tools.progress import Report, silent
from muse.tools.song.document import Song, song_to_json
from muse.tools.song.meter import Bar, song_bars
from muse.tools.song.midi import save_song
from muse.tools.theory.annotate import annotated
from muse.tools.view.audio_overview import Overview, read_overview
from muse.tools.view.audio_text import sound_columns, sound_lines
from muse.tools.view.chart import chord_chart
from muse.tools.view.formats import PICTURE_SUFFIXES, SCORE_SUFFIXES
from muse.tools.view.heading import folded, heading
from muse.tools.view.inputs import Sound, with_found_chords, with_tracks
from muse.tools.view.page import bar_range, systems
from muse.tools.view.text import DIM, Line, Span, line, printable
from muse.tools.view.text_roll import LABEL_WIDTH, piano_roll

log = logging.getLogger("muse")

NARROWEST = 40  # characters
PICTURE_COLUMNS = 1600  # of audio in a picture


@dataclass(frozen=True)
class ViewOptions:
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


def prepare(content: Song | Sound, tracks: str | None, find: bool) -> Song | Sound:
    """Select tracks of a song, or detect its chords, as options ask.

    Raises:
        ParameterError: no such tracks, or audio, which has none.
    """
    if isinstance(content, Sound):
        if tracks is not None or find:
            raise ParameterError("audio has no tracks or chords; 'muse transcribe' detects them")
        return content
    return with_tracks(with_found_chords(content) if find else content, tracks)


def lines_of(
    content: Song | Sound, title: str, options: ViewOptions, report: Report = silent
) -> list[Line]:
    """Return the text of a song or of audio.

    Raises:
        ParameterError: the song has no such bars.
        BadInputError, MissingPartError: the audio cannot be read.
    """
    width = max(options.width, NARROWEST)
    if isinstance(content, Sound):
        refuse_song_options(options.bars, options.chart or options.roll)
        lines = sound_lines(
            sound_overview(content, sound_columns(width), report), width, color=options.color
        )
    else:
        lines = song_lines(content, title, options, width)
    return [[Span(printable(span.text), span.style) for span in each] for each in lines]


def song_lines(song: Song, title: str, options: ViewOptions, width: int) -> list[Line]:
    """Return heading, chart and roll of a song."""
    bars = song_bars(song)
    lines = heading(song, bars, title, width)
    if not bars:
        return [*lines, line("empty: no notes and no chords", DIM)]
    both = options.chart == options.roll
    if both or options.chart:
        chosen = bar_range(options.bars, bars)
        lines += [[], *(chord_chart(song, chosen, width) if song.chords else [no_chords()])]
    if both or options.roll:
        lines += [[], *roll_page(song, bars, options, width)]
    return lines


def no_chords() -> Line:
    """Return the line in place of a chart."""
    return line("no chords; --find looks for some", DIM)


def roll_page(song: Song, bars: list[Bar], options: ViewOptions, width: int) -> list[Line]:
    """Draw the roll of the selected bars, or of the first ones that fit side by side."""
    chosen = bar_range(options.bars, bars)
    if options.bars is not None:
        return piano_roll(song, chosen, width, color=options.color)
    first = list(systems(bars, width - LABEL_WIDTH)[0].bars)
    lines = piano_roll(song, first, width, color=options.color)
    if len(first) == len(bars):
        return lines
    following = f"--bars {len(first) + 1}-{min(2 * len(first), len(bars))} continues"
    hints = [f"bars 1-{len(first)} of {len(bars)}", following, "--bars all shows all"]
    return [*lines, [], *folded(hints, width, DIM)]


def sound_overview(sound: Sound, columns: int, report: Report) -> Overview:
    """Read the overview of an audio file; the error for other files names all formats."""
    try:
        return read_overview(sound.path, columns, name=sound.name, report=report)
    except BadInputError as error:
        if "not audio" not in str(error):
            raise
        kinds = "neither a song nor audio in a format that muse reads"
        raise BadInputError(f"{sound.name}: {kinds}") from error


def refuse_song_options(bars: str | None, parts: bool) -> None:
    """Raise ParameterError for audio with options that only songs have."""
    if bars is not None or parts:
        raise ParameterError("audio has no bars, chart or roll; 'muse transcribe' detects them")


def json_of(content: Song | Sound, report: Report = silent) -> bytes:
    """Return an annotated Song, or the measured facts of audio, as a line of JSON."""
    if isinstance(content, Song):
        return song_to_json(annotated(content))
    facts = sound_overview(content, 1, report)
    names = ("name", "duration_s", "sample_rate", "channels", "peak_dbfs", "loudness_lufs")
    return json_bytes({name: getattr(facts, name) for name in names}) + b"\n"


def save_view(
    content: Song | Sound,
    out: Path,
    title: str,
    *,
    bars: str | None = None,
    report: Report = silent,
) -> None:
    """Write a picture, a score, MIDI or a Song document, by the suffix; whole or not at all.

    Raises:
        ParameterError: audio as a score, or bars for a format without them.
        BadInputError, MissingPartError: the audio cannot be read.
    """
    suffix = out.suffix.lower()
    if suffix in PICTURE_SUFFIXES:
        save_picture(content, out, title, bars, report)
        return
    if isinstance(content, Sound):
        known = ", ".join(PICTURE_SUFFIXES)
        raise ParameterError(f"{out}: audio is drawn as {known}; muse transcribe makes a score")
    if bars is not None:
        raise ParameterError("--bars works for text and pictures only")
    if suffix in SCORE_SUFFIXES:
        save_score(content, out, title)
    else:
        save_song(annotated(content) if suffix == ".json" else content, out)


def save_picture(
    content: Song | Sound, out: Path, title: str, bars: str | None, report: Report
) -> None:
    """Draw the roll of a song, or audio."""
    from muse.tools.view.audio_picture import save_sound_picture
    from muse.tools.view.picture import save_song_picture

    if isinstance(content, Sound):
        refuse_song_options(bars, False)
        save_sound_picture(sound_overview(content, PICTURE_COLUMNS, report), out)
    else:
        save_song_picture(content, out, title=title, bars=bar_range(bars, song_bars(content)))


def save_score(song: Song, out: Path, title: str) -> None:
    """Write MusicXML or ABC, and log how the notes were quantized."""
    from muse.tools.notation.abc import save_abc
    from muse.tools.notation.musicxml import save_musicxml

    write = save_abc if out.suffix.lower() == ".abc" else save_musicxml
    moved = write(song, out, title).displacement
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
