"""From the written bars of a chart to a Song: the order of bars, and the chords on their beats."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from muse.tools.datasets.bar_lines import HOLD, PUSH, REPEAT, REPEAT_TWO
from muse.tools.datasets.chart_symbols import ChartSymbols
from muse.tools.datasets.roadmaps import RoadMarks, play_order
from muse.tools.datasets.text_lines import make_chord
from muse.tools.errors import BadInputError
from muse.tools.song.document import Meter, Section, Song, Tempo
from muse.tools.song.meter import (
    COMMON_TIME,
    Signature,
    bar_beats,
    is_same_signature,
    parse_meter,
    pulse_beats,
    signature_text,
)
from muse.tools.theory.keys import Tonality, parse_key, song_key

PUSH_BEATS = 0.5  # quarters: an eighth


@dataclass
class WrittenBar:
    """One bar as written.

    Attributes:
        signs: of the bar.
        where: its place in the text, for messages: "line 3".
        marks: of the order of bars.
        label: of the section that begins here, "" for none.
        fields: meter, tempo and key in force, as written; a field may be missing.
        places: beats of the signs in a bar as a share of its length, 0 to 1; None divides it.
    """

    signs: list[str]
    where: str
    marks: RoadMarks = field(default_factory=RoadMarks)
    label: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    places: list[float] | None = None


@dataclass
class SongDraft:
    """A Song being written, bar by bar."""

    symbols: ChartSymbols
    song: Song = field(default_factory=Song)
    beat: float = 0.0
    tonality: Tonality | None = None
    fields: dict[str, str] = field(default_factory=dict)

    @property
    def meter(self) -> Meter:
        """Meter of the current bar; 4/4 if none is written."""
        return self.song.meters[-1] if self.song.meters else COMMON_TIME


def song_from_bars(bars: Sequence[WrittenBar], symbols: ChartSymbols) -> Song:
    """Return the Song of a chart, with its repeats played out.

    Raises:
        BadInputError: a bar cannot be read; the message gives its place.
    """
    bars = write_out_repeats(bars)
    draft = SongDraft(symbols)
    for index in play_order([bar.marks for bar in bars]):
        try:
            add_bar(bars[index], draft)
        except BadInputError as error:
            raise BadInputError(f"{bars[index].where}: {error}") from error
    return draft.song


def write_out_repeats(bars: Sequence[WrittenBar]) -> list[WrittenBar]:
    """Replace the signs that repeat one or two bars by the signs of those bars."""
    written: list[WrittenBar] = []
    for bar in bars:
        count = {REPEAT: 1, REPEAT_TWO: 2}.get(bar.signs[0], 0) if len(bar.signs) == 1 else 0
        if count > len(written):
            raise BadInputError(f"{bar.where}: '{bar.signs[0]}' has no bar before it to repeat")
        for number, source in enumerate(written[len(written) - count :] if count else [bar]):
            marks = bar.marks if number == 0 else RoadMarks()
            label = bar.label if number == 0 else ""
            written.append(
                WrittenBar(source.signs, bar.where, marks, label, bar.fields, source.places)
            )
    return written


def add_bar(bar: WrittenBar, draft: SongDraft) -> None:
    """Add one bar: its section, the fields that change, and its chords; raises BadInputError."""
    if bar.label:
        draft.song.sections.append(Section(draft.beat, bar.label))
    apply_fields(bar.fields, draft)
    length = bar_beats(draft.meter)
    start = draft.beat
    for sign, place, beats in sign_spans(bar, draft):
        draft.beat = start + place
        add_sign(sign, beats, draft)
    draft.beat = start + length


def apply_fields(fields: dict[str, str], draft: SongDraft) -> None:
    """Apply the meter, tempo and key of a bar where they differ from the bar before."""
    song, before = draft.song, draft.fields
    meter = parse_meter(fields["meter"], draft.beat) if "meter" in fields else None
    if meter and not (song.meters and is_same_signature(meter, draft.meter)):
        song.meters.append(meter)
    if "tempo" in fields and fields["tempo"] != before.get("tempo"):
        bpm = float(fields["tempo"]) * pulse_beats(draft.meter)
        song.tempos.append(Tempo(draft.beat, bpm))
    if "key" in fields and fields["key"] != before.get("key"):
        draft.tonality = parse_key(fields["key"])
        song.keys.append(song_key(draft.beat, draft.tonality))
    draft.fields = fields


def sign_spans(bar: WrittenBar, draft: SongDraft) -> list[tuple[str, float, float]]:
    """Return sign, place in the bar and length in beats of each sign; raises BadInputError."""
    length = bar_beats(draft.meter)
    # a repeat sign among chords repeats the chord: | C % F % |
    signs = [HOLD if sign == REPEAT else sign for sign in bar.signs] or [HOLD]
    if not bar.signs:
        draft.symbols.note("an empty bar holds the chord before it")
    if bar.places is not None:
        starts = [place * length for place in bar.places]
    elif len(signs) in sign_counts(draft.meter):
        starts = [length * index / len(signs) for index in range(len(signs))]
    else:
        starts = uneven_starts(signs, draft)
    ends = [*starts[1:], length]
    return [
        (sign, start, end - start) for sign, start, end in zip(signs, starts, ends, strict=True)
    ]


def sign_counts(meter: Signature) -> list[int]:
    """Return the numbers of signs that divide a bar: 1, 2, 4 and 8 in 4/4; 1, 3 and 6 in 3/4."""
    beats = meter.numerator
    return [count for count in range(1, beats + 1) if beats % count == 0] + [2 * beats]


def uneven_starts(signs: Sequence[str], draft: SongDraft) -> list[float]:
    """Return the starts, in quarters, of chords whose number does not divide the bar.

    Each gets as many whole units of the meter as fit; the first ones get one more: 2, 1 and 1
    beats for three chords in 4/4. More chords than units get halves of units.

    Raises:
        BadInputError: the bar has signs that hold a chord, or more than two chords a unit.
    """
    meter, count = draft.meter, len(signs)
    units = meter.numerator if count <= meter.numerator else 2 * meter.numerator
    if HOLD in signs or count > units:
        counts = ", ".join(map(str, sign_counts(meter)))
        raise BadInputError(
            f"the bar '{' '.join(signs)}' has {count} signs; in "
            f"{signature_text(meter)} it must be one of {counts}"
        )
    shares = [units // count + (index < units % count) for index in range(count)]
    draft.symbols.note(
        f"{count} chords in a bar of {signature_text(meter)} last "
        f"{', '.join(f'{share * meter.numerator / units:g}' for share in shares)} beats"
    )
    unit = bar_beats(meter) / units
    return [sum(shares[:index]) * unit for index in range(count)]


def add_sign(sign: str, beats: float, draft: SongDraft) -> None:
    """Start a chord, on the beat or an eighth early, or extend the last one."""
    if sign == HOLD:
        extend_last_chord(draft, beats, f"'{HOLD}' has no chord before it to extend")
        return
    start = draft.beat
    symbol = draft.symbols.symbol(sign.removeprefix(PUSH), draft.tonality)
    if sign.startswith(PUSH):
        extend_last_chord(
            draft, -PUSH_BEATS, f"'{sign}' needs a chord longer than an eighth before it"
        )
        start -= PUSH_BEATS
    draft.song.chords.append(make_chord(start, draft.beat + beats, symbol))


def extend_last_chord(draft: SongDraft, beats: float, message: str) -> None:
    """Change the length of the last chord; raise BadInputError if there is none or none is left."""
    chords = draft.song.chords
    length = chords[-1].duration_beats + beats if chords else 0.0
    if length <= 0:
        raise BadInputError(message)
    chords[-1] = msgspec.structs.replace(chords[-1], duration_beats=length)
