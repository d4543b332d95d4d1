"""How the chords of one chart are written: note names of a language, or Nashville numbers."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

from muse.tools.datasets.bar_lines import HOLD, PUSH, REPEAT, REPEAT_TWO
from muse.tools.theory.chords import ChordSymbol, is_chord_symbol, parse_chord
from muse.tools.theory.keys import C_MAJOR, Tonality
from muse.tools.theory.nashville import NumberStyle, english_of_number, is_number
from muse.tools.theory.note_languages import (
    NOTE_LANGUAGES,
    NoteLanguage,
    detect_language,
    english_symbol,
)
from muse.tools.theory.symbol_readings import describe_reading

MARKS = {HOLD, REPEAT, REPEAT_TWO}
NUMBERS = "nashville"
NOTATIONS = (*NOTE_LANGUAGES, NUMBERS)
LANGUAGE_NOTES = {
    "german": "note names are German: H is B natural, B is B flat",
    "solfege": "note names are Do, Re, Mi: C, D, E",
}
SHOWN_READINGS = 5  # ambiguous symbols that a message lists


@dataclass
class ChartSymbols:
    """The notation of a chart, and what was decided while reading it.

    Attributes:
        language: of the note names.
        numbers: style of the Nashville numbers; None if the chart has none.
        notes: decisions, each once, for a message.
    """

    language: NoteLanguage = "english"
    numbers: NumberStyle | None = None
    notes: dict[str, None] = field(default_factory=dict)

    @classmethod
    def detect(cls, signs: Iterable[str], given: str | None = None) -> Self:
        """Detect the notation from all signs of a chart, or take the given one of NOTATIONS."""
        words = [sign.removeprefix(PUSH) for sign in signs if sign not in MARKS]
        numbers = [word for word in words if is_number(word)]
        if given in NOTE_LANGUAGES:
            language: NoteLanguage = next(name for name in NOTE_LANGUAGES if name == given)
        else:
            language = detect_language(word for word in words if not is_number(word))
        found = cls(language, NumberStyle.of(numbers) if numbers else None)
        if given is None and language in LANGUAGE_NOTES:
            found.note(LANGUAGE_NOTES[language])
        return found

    def note(self, text: str) -> None:
        """Add a decision to the message."""
        self.notes[text] = None

    def is_sign(self, word: str) -> bool:
        """Return whether a word is a mark, a chord or a number of this chart."""
        name = word.removeprefix(PUSH)
        is_letter_chord = is_chord_symbol(english_symbol(name, self.language))
        return name in MARKS or is_letter_chord or is_number(name)

    def symbol(self, sign: str, key: Tonality | None) -> ChordSymbol:
        """Read a chord or a number in the key of its bar, C major if the chart has none.

        Raises:
            BadInputError: neither; the message quotes the sign.
        """
        if self.numbers is not None and is_number(sign):
            self.note_numbers(key)
            return parse_chord(english_of_number(sign, key or C_MAJOR, self.numbers))
        english = english_symbol(sign, self.language)
        if not is_chord_symbol(english):
            return parse_chord(sign)  # its error quotes the sign as written
        if reading := describe_reading(english):
            self.note(reading)
        return parse_chord(english)

    def note_numbers(self, key: Tonality | None) -> None:
        """Note how numbers are read where the chart does not say it."""
        if key is None:
            self.note("Nashville numbers without 'key:' are read in C major")
        if self.numbers is not None and not self.numbers.has_marks:
            self.note("no number is marked minor, so each is the key's triad; mark minor as in 6-")

    def message(self) -> str:
        """Return the decisions as one text, "" without any."""
        readings = [note for note in self.notes if note.startswith("'")]
        others = [note for note in self.notes if not note.startswith("'")]
        shown = readings[:SHOWN_READINGS]
        more = (
            [f"and {len(readings) - len(shown)} more symbols"] if len(readings) > len(shown) else []
        )
        return "; ".join([*others, *shown, *more])
