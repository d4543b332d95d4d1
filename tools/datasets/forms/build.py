"""Training data from files: `build_form` reads, splits and explains songs, and gives rows.

Songs are split by song and never by window, near-duplicates together. Chords are taken as they are
written; in songs that have notes and no chords they are heard (theory.chord_finding), and the
header says in which.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from muse.tools.datasets.forms.chords import chord_rows, count_windows, shifts_of
from muse.tools.datasets.forms.melody import melody_rows, melody_track
from muse.tools.datasets.forms.notes import count_note_windows, note_rows, tokens_of, vocabulary_of
from muse.tools.datasets.forms.options import FORMS, FormOptions
from muse.tools.datasets.forms.patterns import pattern_rows
from muse.tools.datasets.forms.result import FormResult, Row
from muse.tools.datasets.forms.song_entries import Entry, Gathered, gather
from muse.tools.datasets.harmony_columns import CHORD_VOCABULARY, harmony_of
from muse.tools.datasets.melody_events import MELODY_VOCABULARY
from muse.tools.datasets.vocabulary import UNKNOWN_ID, Vocabulary
from muse.tools.errors import BadInputError, ParameterError
from muse.tools.progress import Report, part, silent
from muse.tools.song.document import Key, Song
from muse.tools.song.provenance import provenance_dict
from muse.tools.theory.annotate import annotated

READING_SHARE = 0.5  # of the work: what is reported while files are read

Prepare = Callable[[Song], Song]


def build_form(
    form: str,
    inputs: Sequence[str],
    options: FormOptions | None = None,
    report: Report = silent,
) -> FormResult:
    """Build training data.

    Args:
        form: "chords", "melody", "notes" or "patterns".
        inputs: files and folders of any kind that muse.tools.datasets.readers knows, or '-'.
        options: see FormOptions; the defaults without.
        report: told how far the work is.

    Returns:
        Header and rows. Files and songs that could not be used are in `problems`; they do not stop
        the others.

    Raises:
        ParameterError: there is no such form.
        BadInputError: an input is not there, or nothing in the inputs can be used.
    """
    if form not in BUILDERS:
        raise ParameterError(f"'{form}' is not a form of training data: {', '.join(FORMS)}")
    options = options or FormOptions()
    found = gather(inputs, options, part(report, 0.0, READING_SHARE))
    result = BUILDERS[form](found, options, part(report, READING_SHARE, 1.0))
    if not result.header["songs"]:
        count = len(found.entries)
        raise BadInputError(f"no song of {count} fits the form '{form}': {found.problems[-1]}")
    return result


def build_chords(found: Gathered, options: FormOptions, report: Report) -> FormResult:
    """The form `chords`."""
    entries = prepared(found, with_chords, report)
    events = {entry.id: harmony_of(entry.song, options.merge) for entry in entries}
    shifts = {entry.id: len(shifts_of(entry.song, options)) for entry in entries}
    total = sum(count_windows(len(events[name]), options) * shifts[name] for name in events)
    ids = [event.chord_id for each in events.values() for event in each]
    counts = {
        "rows": total,
        "chords": len(ids),
        "unknown_chords": ids.count(UNKNOWN_ID),
        "heard_songs": heard_songs(found, entries),
    }

    def rows() -> Iterator[Row]:
        for entry in entries:
            yield from chord_rows(entry, options)

    return result_of("chords", found, entries, options, CHORD_VOCABULARY, rows, counts)


def build_melody(found: Gathered, options: FormOptions, report: Report) -> FormResult:
    """The form `melody`."""

    def prepare(song: Song) -> Song:
        melody_track(song)
        return with_chords(song)

    entries = prepared(found, prepare, report)
    notes = sum(len(melody_track(entry.song).notes) for entry in entries)
    counts = {"melody_notes": notes, "heard_songs": heard_songs(found, entries)}

    def rows() -> Iterator[Row]:
        for entry in entries:
            yield from melody_rows(entry, options)

    return result_of(
        "melody",
        found,
        entries,
        options,
        MELODY_VOCABULARY,
        rows,
        counts | {"conditioning_vocabulary_hash": CHORD_VOCABULARY.hash},
    )


def build_notes(found: Gathered, options: FormOptions, report: Report) -> FormResult:
    """The form `notes`, with note_to_int.json and int_to_note.json beside it."""
    entries = prepared(found, with_pitched_notes, report)
    tokens = {entry.id: tokens_of(entry.song) for entry in entries}
    trained = [entry.id for entry in entries if entry.split == "train"] or list(tokens)
    vocabulary = vocabulary_of(tokens[name] for name in trained)
    all_ids = [number for each in tokens.values() for number in vocabulary.encode(each)]
    counts = {
        "rows": sum(count_note_windows(len(each), options) for each in tokens.values()),
        "tokens": len(all_ids),
        "unknown_tokens": all_ids.count(UNKNOWN_ID),
    }

    def rows() -> Iterator[Row]:
        for entry in entries:
            yield from note_rows(entry, tokens[entry.id], vocabulary, options)

    result = result_of("notes", found, entries, options, vocabulary, rows, counts)
    result.side_files = {
        "note_to_int.json": vocabulary.ids,
        "int_to_note.json": {str(number): token for token, number in vocabulary.ids.items()},
    }
    return result


def build_patterns(found: Gathered, options: FormOptions, report: Report) -> FormResult:
    """The form `patterns`."""
    entries = prepared(found, with_notes, report)
    made = pattern_rows(entries, {entry.id: keys_of(entry.song) for entry in entries}, options)
    counts = {"rows": len(made), "patterns_with_repeats": sum(row["times"] for row in made)}
    return result_of("patterns", found, entries, options, None, lambda: iter(made), counts)


BUILDERS: dict[str, Callable[[Gathered, FormOptions, Report], FormResult]] = {
    "chords": build_chords,
    "melody": build_melody,
    "notes": build_notes,
    "patterns": build_patterns,
}


def prepared(found: Gathered, prepare: Prepare, report: Report) -> list[Entry]:
    """The songs made ready; those that have not what the form needs are noted as problems."""
    entries = []
    for number, entry in enumerate(found.entries):
        report("explaining", number / len(found.entries))
        try:
            entries.append(replace(entry, song=prepare(entry.song)))
        except BadInputError as error:
            found.problems.append(f"{entry.id}: {error}")
    report("explaining", 1.0)
    return entries


def with_chords(song: Song) -> Song:
    """The song with chords explained, heard where none are written; raises BadInputError."""
    if not song.chords and any(t.notes and not t.is_drum for t in song.tracks):
        from muse.tools.theory.chord_finding import find_chords

        song = msgspec.structs.replace(song, chords=find_chords(song))
    if not song.chords:
        raise BadInputError("no chords in it, and no pitched notes to hear chords in")
    return annotated(song)


def with_pitched_notes(song: Song) -> Song:
    """The song as it is; raises BadInputError where nothing in it has a pitch."""
    if not any(track.notes and not track.is_drum for track in song.tracks):
        raise BadInputError("no pitched notes in it")
    return song


def with_notes(song: Song) -> Song:
    """The song as it is; raises BadInputError where nothing in it sounds."""
    if not any(track.notes for track in song.tracks):
        raise BadInputError("no notes in it")
    return song


def keys_of(song: Song) -> list[Key]:
    """The song's keys as written, else as its notes have them."""
    from muse.tools.theory.key_finding import find_keys

    return song.keys or find_keys(song)


def heard_songs(found: Gathered, entries: Sequence[Entry]) -> list[str]:
    """Ids of the songs whose chords were heard, not written."""
    written = {entry.id for entry in found.entries if entry.song.chords}
    return [entry.id for entry in entries if entry.id not in written]


def result_of(
    form: str,
    found: Gathered,
    entries: Sequence[Entry],
    options: FormOptions,
    vocabulary: Vocabulary | None,
    rows: Callable[[], Iterator[Row]],
    counts: dict[str, Any],
) -> FormResult:
    """The result with its header."""
    header = {
        "format": f"muse.{form}/1",
        "vocabulary_hash": vocabulary.hash if vocabulary else None,
        "vocabulary_size": len(vocabulary) if vocabulary else None,
        **counts,
        "songs": {entry.id: entry.split for entry in entries},
        "split_counts": dict(Counter(entry.split for entry in entries)),
        "duplicates": found.groups,
        "left_out": len(found.problems),
        "made_by": provenance_dict("tokenize", {"for": form, **options.as_dict()}, options.seed),
    }
    return FormResult(form, header, vocabulary, rows, found.problems)
