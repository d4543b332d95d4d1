"""Detection of near-duplicate songs: recall and precision over a sweep of thresholds.

There are two kinds of test pairs. Planted: copies of songs in another key, at another tempo, with
inexact timing, with wrong and missing notes, or cut to a part. Real: songs that the Billboard set
has several times (same title and artist).

    python tests/bench/duplicates.py [--data DIR] [--json FILE]

Thresholds: bits of shared information, Jaccard index (J) and containment (C) of fingerprints.
"""

import argparse
import json
import random
import re
import sys
import time
from collections.abc import Callable, Iterable
from itertools import combinations
from pathlib import Path
from typing import Any

from muse.tools.datasets.duplicates import (
    THRESHOLDS,
    Pair,
    Threshold,
    compare_songs,
    connected_components,
    equal_digests,
    group_fingerprints,
)
from muse.tools.datasets.fingerprints import Fingerprint, fingerprint
from muse.tools.datasets.readers import read_songs
from muse.tools.errors import BadInputError
from muse.tools.song.document import Chord, Note, Song, Track
from muse.tools.theory.chords import is_chord_symbol, parse_chord, transposed, write_leadsheet

SETS = ("pop909", "billboard", "openewld")
EVERY = 5  # one in this many songs is planted again, with each kind of change
SEED = 3
COPY = "copy of "
LINE = re.compile(r"# (title|artist): *(.*)")
SWEEP = {
    "melody": [
        Threshold(bits, j, c)
        for bits in (40, 80, 120)
        for j, c in ((0.03, 0.08), (0.06, 0.15), (0.1, 0.25), (0.2, 0.5))
    ],
    "chords": [
        Threshold(bits, j, c)
        for bits in (40, 80, 120)
        for j, c in ((0.3, 0.6), (0.5, 0.8), (0.5, 0.9))
    ],
}


def transposed_copy(song: Song, semitones: int, factor: float = 1.0) -> Song:
    """Return the song transposed, with all times multiplied by a factor."""

    def note(n: Note) -> Note:
        return Note(n.start_beats * factor, n.duration_beats * factor, n.pitch + semitones, 80)

    def chord(c: Chord) -> Chord:
        if not is_chord_symbol(c.symbol):
            return c
        symbol = write_leadsheet(transposed(parse_chord(c.symbol), semitones))
        return Chord(c.start_beats * factor, c.duration_beats * factor, symbol)

    return Song(
        tracks=[
            Track(t.name, t.role, t.program, t.is_drum, list(map(note, t.notes)))
            for t in song.tracks
        ],
        chords=list(map(chord, song.chords)),
    )


def changed_notes(song: Song, change: Callable[[Note], Note | None]) -> Song:
    """Return the song with each note changed, or removed if `change` returns None."""
    tracks = [
        Track(t.name, t.role, t.program, t.is_drum, [m for n in t.notes if (m := change(n))])
        for t in song.tracks
    ]
    return Song(tracks=tracks, chords=song.chords)


def with_timing_errors(song: Song, rng: random.Random, deviation: float) -> Song:
    """Return the song with random onset errors, in beats (standard deviation)."""

    def change(n: Note) -> Note:
        start = max(n.start_beats + rng.gauss(0, deviation), 0.0)
        return Note(start, n.duration_beats, n.pitch, n.velocity)

    return changed_notes(song, change)


def with_faults(song: Song, rng: random.Random, share: float) -> Song:
    """Return the song with a share of the notes missing, and the same share a semitone off."""

    def change(n: Note) -> Note | None:
        chance = rng.random()
        if chance < share:
            return None
        return n if chance > 2 * share else Note(n.start_beats, n.duration_beats, n.pitch + 1, 80)

    return changed_notes(song, change)


def cut(song: Song, rng: random.Random, share: float) -> Song:
    """Return a random part of the song."""
    start = rng.uniform(0, 1 - share) * song.end_beats()
    end = start + share * song.end_beats()
    part = changed_notes(song, lambda n: n if start <= n.start_beats < end else None)
    part.chords = [chord for chord in song.chords if start <= chord.start_beats < end]
    return part


Change = Callable[[Song, random.Random], Song]

CHANGES: dict[str, Change] = {
    "transposed": lambda s, rng: transposed_copy(s, rng.choice([-5, -3, 2, 4])),
    "half tempo": lambda s, rng: transposed_copy(s, 1, 2.0),
    "1.3 times the tempo": lambda s, rng: transposed_copy(s, -1, 1 / 1.3),
    "cut to a half": lambda s, rng: cut(s, rng, 0.5),
    "cut to a quarter": lambda s, rng: cut(s, rng, 0.25),
}
MELODY_CHANGES: dict[str, Change] = {
    "played, 0.03 beats": lambda s, rng: with_timing_errors(s, rng, 0.03),
    "5 % missing, 5 % wrong": lambda s, rng: with_faults(s, rng, 0.05),
    "10 % missing, 10 % wrong": lambda s, rng: with_faults(s, rng, 0.1),
    "key, tempo, 5 % faults, a half": lambda s, rng: transposed_copy(
        with_faults(cut(s, rng, 0.5), rng, 0.05), 3, 1.5
    ),
}


def read_set(folder: Path) -> dict[str, Song]:
    """Return the songs of a folder by name; report unreadable files."""

    def problem(error: BadInputError) -> None:
        print(f"skipped: {error}", file=sys.stderr)

    return dict(read_songs(folder, problem))


def plant(songs: dict[str, Song]) -> dict[str, dict[str, Song]]:
    """Return changed copies of some songs, by kind of change and name of the song."""
    chosen = list(songs)[::EVERY]
    has_notes = any(songs[name].tracks for name in chosen)
    changes = CHANGES | MELODY_CHANGES if has_notes else CHANGES
    return {
        kind: {name: change(songs[name], random.Random(f"{SEED} {name}")) for name in chosen}
        for kind, change in changes.items()
    }


def passes(pair: Pair, limit: Threshold) -> bool:
    """Return whether a pair is a duplicate at a threshold."""
    is_alike = pair.jaccard >= limit.jaccard or pair.containment >= limit.containment
    return is_alike and pair.bits >= limit.bits


def score_planted(prints: dict[str, Fingerprint], copies: dict[str, Song]) -> list[dict[str, Any]]:
    """Return recall and precision of copies at each threshold."""
    both = prints | {COPY + name: fingerprint(song) for name, song in copies.items()}
    versions = {name: set(group) for group in group_fingerprints(prints) for name in group}
    found = [pair for pair in compare_songs(both) if pair.second.startswith(COPY)]
    has_melody = any(len(both[COPY + name].melody) for name in copies)
    kind = "melody" if has_melody else "chords"
    rows = []
    for limit in SWEEP[kind]:
        hits = [
            (p.first, p.second.removeprefix(COPY))
            for p in found
            if (passes(p, limit) if p.kind == kind else p.is_duplicate)
            and not p.first.startswith(COPY)
        ]
        right = {name for first, name in hits if first == name}
        wrong = [h for h in hits if h[0] != h[1] and h[0] not in versions.get(h[1], set())]
        rows.append(
            {
                "threshold": vars(limit),
                "recall": len(right) / len(copies),
                "precision": len(right) / max(len(right) + len(wrong), 1),
            }
        )
    return rows


def titles(folder: Path) -> dict[str, str]:
    """Return title and artist of each file of the Billboard set, in lower case without signs."""
    found = {}
    for path in sorted(folder.glob("*.txt")):
        fields = dict(LINE.match(line).groups() for line in path.read_text().splitlines()[:2])
        text = f"{fields['title']}|{fields['artist']}"
        found[f"{folder.name}/{path.stem}"] = re.sub(r"[^a-z|]", "", text.lower())
    return found


def same_titles(names: Iterable[str], title_of: dict[str, str]) -> set[frozenset[str]]:
    """Return pairs of songs with the same title and artist."""
    by_title: dict[str, list[str]] = {}
    for name in names:
        by_title.setdefault(title_of[name], []).append(name)
    return {frozenset(p) for group in by_title.values() for p in combinations(group, 2)}


def score_real(prints: dict[str, Fingerprint], folder: Path) -> list[dict[str, Any]]:
    """Return recall and precision at each threshold of chords, compared with titles and artists."""
    truth = same_titles(prints, titles(folder))
    pairs = list(compare_songs(prints))
    equal = {frozenset(pair) for pair in equal_digests(prints)}
    rows = []
    for limit in [*SWEEP["chords"], THRESHOLDS["chords"]]:
        hits = {frozenset((p.first, p.second)) for p in pairs if passes(p, limit)}
        hits |= equal if limit is THRESHOLDS["chords"] else set()
        joined = connected_components(tuple(sorted(pair)) for pair in hits)
        together = {frozenset(p) for group in joined for p in combinations(group, 2)}
        rows.append(
            {
                "threshold": vars(limit),
                "with_equal": limit is THRESHOLDS["chords"],
                "true_pairs": len(truth),
                "recall": len(together & truth) / len(truth),
                "precision": len(together & truth) / max(len(together), 1),
                "largest_group": max(map(len, joined), default=0),
            }
        )
    return rows


def print_table(title: str, rows: list[dict[str, Any]]) -> None:
    """Print figures on stderr."""
    print(title, file=sys.stderr)
    for row in rows:
        limit = row["threshold"]
        bounds = f"{limit['bits']:4.0f} bits, J {limit['jaccard']:.2f} or C {limit['containment']}"
        extra = f"  largest group {row['largest_group']}" if "largest_group" in row else ""
        extra += "  with equal songs" if row.get("with_equal") else ""
        figures = f"recall {row['recall']:.3f}  precision {row['precision']:.3f}"
        print(f"  {bounds:30}  {figures}{extra}", file=sys.stderr)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    data = Path(__file__).resolve().parents[3] / "shared" / "data"
    parser.add_argument("--data", type=Path, default=data)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    songs = {name: song for s in SETS for name, song in read_set(options.data / s).items()}
    start = time.perf_counter()
    prints = {name: fingerprint(song) for name, song in songs.items()}
    fingerprinted = time.perf_counter()
    groups = group_fingerprints(prints)
    result: dict[str, Any] = {
        "songs": len(songs),
        "fingerprints_s": fingerprinted - start,
        "groups_s": time.perf_counter() - fingerprinted,
        "groups": groups,
        "planted": {},
    }
    print(
        f"{len(songs)} songs, fingerprints {result['fingerprints_s']:.2f} s, "
        f"groups {result['groups_s']:.2f} s: {len(groups)} groups",
        file=sys.stderr,
    )
    for name in SETS:
        members = {k: v for k, v in songs.items() if k.startswith(f"{name}/")}
        for change, copies in plant(members).items():
            rows = score_planted(prints, copies)
            result["planted"][f"{name}, {change}"] = rows
            print_table(f"{name}, {change}", rows)
    own = {k: v for k, v in prints.items() if k.startswith("billboard/")}
    result["billboard"] = score_real(own, options.data / "billboard")
    print_table("billboard, songs with the same title and artist", result["billboard"])
    text = json.dumps(result)
    print(text)
    if options.json:
        options.json.write_text(text)


if __name__ == "__main__":
    main()
