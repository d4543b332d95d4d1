"""Builder of training data: `build_form` reads, splits and annotates songs and returns rows.

Songs are split as wholes, with near-duplicates in the same split. Written chords are used; in songs
with notes and no chords they are detected (`theory.chord_finding`), and the header lists these
songs as `heard_songs`.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from muse.tools.datasets.forms.chords import chord_rows, count_windows, shifts_for
from muse.tools.datasets.forms.melody import find_melody_track, melody_rows
from muse.tools.datasets.forms.notes import (
    build_vocabulary,
    count_note_windows,
    encode_notes,
    note_rows,
)
from muse.tools.datasets.forms.options import FORMS, FormOptions
from muse.tools.datasets.forms.patterns import pattern_rows
from muse.tools.datasets.forms.result import FormResult, Row
from muse.tools.datasets.forms.song_entries import Entry, SongCollection, collect_songs
from muse.tools.datasets.harmony_columns import (
    CHORD_VOCABULARY,
    harmony_events,
    longest_key,
    semitones_to_common,
)
from muse.tools.datasets.melody_events import MELODY_VOCABULARY
from muse.tools.datasets.vocabulary import UNKNOWN_ID, Vocabulary
from muse.tools.errors import BadInputError, ParameterError
from muse.tools.progress import Report, scale_report, silent
from muse.tools.song.document import Key, Note, Song
from muse.tools.song.provenance import provenance_dict
from muse.tools.theory.annotate import annotated
from muse.tools.theory.missing_chords import add_missing_chords

READING_SHARE = 0.5  # share of the progress that reading the files takes

Prepare = Callable[[Song], Song]


def build_form(
    form: str,
    inputs: Sequence[str],
    options: FormOptions | None = None,
    report: Report = silent,
) -> FormResult:
    """Build training data from files.

    Args:
        form: one of FORMS.
        inputs: files and folders that `datasets.readers` can read, or '-' for standard input.
        options: FormOptions() if None.
        report: called with the progress.

    Returns:
        Header and rows. `problems` lists the files and songs that were skipped.

    Raises:
        ParameterError: unknown form.
        BadInputError: an input does not exist, or no song can be used.
    """
    if form not in BUILDERS:
        known = ", ".join(FORMS)
        raise ParameterError(f"'{form}' is not a form of training data; choose from {known}")
    options = options or FormOptions()
    collection = collect_songs(inputs, options, scale_report(report, 0.0, READING_SHARE))
    result = BUILDERS[form](collection, options, scale_report(report, READING_SHARE, 1.0))
    if not result.header["songs"]:
        count = len(collection.entries)
        last = collection.problems[-1]
        raise BadInputError(f"none of {count} songs fits the form '{form}': {last}")
    return result


def build_chords(collection: SongCollection, options: FormOptions, report: Report) -> FormResult:
    """Build the form `chords`."""
    entries = prepare_songs(collection, with_chords, report)
    events = {entry.id: harmony_events(entry.song, options.merge) for entry in entries}
    shifts = {entry.id: len(shifts_for(entry.song, options)) for entry in entries}
    total = sum(count_windows(len(events[name]), options) * shifts[name] for name in events)
    ids = [event.chord_id for song_events in events.values() for event in song_events]
    counts = {
        "rows": total,
        "chords": len(ids),
        "unknown_chords": ids.count(UNKNOWN_ID),
        "heard_songs": songs_with_detected_chords(collection, entries),
    }

    def rows() -> Iterator[Row]:
        for entry in entries:
            yield from chord_rows(entry, options)

    return make_result("chords", collection, entries, options, CHORD_VOCABULARY, rows, counts)


def build_melody(collection: SongCollection, options: FormOptions, report: Report) -> FormResult:
    """Build the form `melody`."""

    def prepare(song: Song) -> Song:
        find_melody_track(song)
        return with_chords(song)

    entries = prepare_songs(collection, prepare, report)
    notes = sum(len(find_melody_track(entry.song).notes) for entry in entries)
    counts = {"melody_notes": notes, "heard_songs": songs_with_detected_chords(collection, entries)}

    def rows() -> Iterator[Row]:
        for entry in entries:
            yield from melody_rows(entry, options)

    return make_result(
        "melody",
        collection,
        entries,
        options,
        MELODY_VOCABULARY,
        rows,
        counts | {"conditioning_vocabulary_hash": CHORD_VOCABULARY.hash},
    )


def build_notes(collection: SongCollection, options: FormOptions, report: Report) -> FormResult:
    """Build the form `notes`, with the side files note_to_int.json and int_to_note.json."""
    entries = prepare_songs(collection, with_pitched_notes, report)
    if options.transpose == "common":
        entries = [replace(entry, song=in_common_key(entry.song)) for entry in entries]
    tokens = {entry.id: encode_notes(entry.song) for entry in entries}
    trained = [entry.id for entry in entries if entry.split == "train"] or list(tokens)
    vocabulary = build_vocabulary(tokens[name] for name in trained)
    encoded = [vocabulary.encode(words) for words in tokens.values()]
    all_ids = [number for ids in encoded for number in ids]
    counts = {
        "rows": sum(count_note_windows(len(words), options) for words in tokens.values()),
        "tokens": len(all_ids),
        "unknown_tokens": all_ids.count(UNKNOWN_ID),
    }

    def rows() -> Iterator[Row]:
        for entry in entries:
            yield from note_rows(entry, tokens[entry.id], vocabulary, options)

    result = make_result("notes", collection, entries, options, vocabulary, rows, counts)
    result.side_files = {
        "note_to_int.json": vocabulary.ids,
        "int_to_note.json": {str(number): token for token, number in vocabulary.ids.items()},
    }
    return result


def build_patterns(collection: SongCollection, options: FormOptions, report: Report) -> FormResult:
    """Build the form `patterns`."""
    entries = prepare_songs(collection, with_notes, report)
    patterns = pattern_rows(
        entries, {entry.id: written_or_detected_keys(entry.song) for entry in entries}, options
    )
    counts = {"rows": len(patterns), "patterns_with_repeats": sum(row["times"] for row in patterns)}
    return make_result(
        "patterns", collection, entries, options, None, lambda: iter(patterns), counts
    )


BUILDERS: dict[str, Callable[[SongCollection, FormOptions, Report], FormResult]] = {
    "chords": build_chords,
    "melody": build_melody,
    "notes": build_notes,
    "patterns": build_patterns,
}


def prepare_songs(collection: SongCollection, prepare: Prepare, report: Report) -> list[Entry]:
    """Return the prepared songs; a song that the form cannot use is added to the problems."""
    entries = []
    for number, entry in enumerate(collection.entries):
        report("annotating", number / len(collection.entries))
        try:
            entries.append(replace(entry, song=prepare(entry.song)))
        except BadInputError as error:
            collection.problems.append(f"{entry.id}: {error}")
    report("annotating", 1.0)
    return entries


def with_chords(song: Song) -> Song:
    """Return the song with annotated chords, detected if none are written; raises BadInputError."""
    song = add_missing_chords(song)
    if not song.chords:
        raise BadInputError("no chords, and no pitched notes to detect chords from")
    return annotated(song)


def with_pitched_notes(song: Song) -> Song:
    """Return the song unchanged; raises BadInputError if it has no pitched notes."""
    if not any(track.notes and not track.is_drum for track in song.tracks):
        raise BadInputError("no pitched notes")
    return song


def in_common_key(song: Song) -> Song:
    """Return the notes and the longest key of a song, transposed to C major or A minor."""
    keyed = msgspec.structs.replace(song, keys=written_or_detected_keys(song))
    up, key = semitones_to_common(keyed), longest_key(keyed)
    tracks = [
        msgspec.structs.replace(track, notes=[note_up(note, up) for note in track.notes])
        for track in song.tracks
        if not track.is_drum
    ]
    return Song(tracks=tracks, keys=[Key(0.0, (key.tonic_pc + up) % 12, key.mode)])


def note_up(note: Note, up: int) -> Note:
    """Return a note transposed up, in the nearest octave that MIDI has."""
    pitch = note.pitch + up
    return msgspec.structs.replace(note, pitch=pitch - 12 * (pitch > 127) + 12 * (pitch < 0))


def with_notes(song: Song) -> Song:
    """Return the song unchanged; raises BadInputError if it has no notes."""
    if not any(track.notes for track in song.tracks):
        raise BadInputError("no notes")
    return song


def written_or_detected_keys(song: Song) -> list[Key]:
    """Return the written keys of a song, else the keys detected from its notes."""
    from muse.tools.theory.key_finding import find_keys

    return song.keys or find_keys(song)


def songs_with_detected_chords(collection: SongCollection, entries: Sequence[Entry]) -> list[str]:
    """Return the ids of the songs whose chords were detected."""
    written = {entry.id for entry in collection.entries if entry.song.chords}
    return [entry.id for entry in entries if entry.id not in written]


def make_result(
    form: str,
    collection: SongCollection,
    entries: Sequence[Entry],
    options: FormOptions,
    vocabulary: Vocabulary | None,
    rows: Callable[[], Iterator[Row]],
    counts: dict[str, Any],
) -> FormResult:
    """Return the result with its header."""
    header = {
        "format": f"muse.{form}/1",
        "vocabulary_hash": vocabulary.hash if vocabulary else None,
        "vocabulary_size": len(vocabulary) if vocabulary else None,
        **counts,
        "songs": {entry.id: entry.split for entry in entries},
        "split_counts": dict(Counter(entry.split for entry in entries)),
        "duplicates": collection.groups,
        "left_out": len(collection.problems),
        "made_by": provenance_dict("tokenize", {"for": form, **options.as_dict()}, options.seed),
    }
    return FormResult(form, header, vocabulary, rows, collection.problems)
