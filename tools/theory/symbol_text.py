"""Plain spelling of chord symbols that are typeset: accidentals, dashes, superscripts, signs.

Charts copied from programs and web pages hold typographic characters, such as a flat sign, an en
dash for minor or a superscript seven. They are replaced by the letters and signs of a keyboard.
Source of the private characters: W3C SMuFL 1.4, "Chord symbols" and "Standard accidentals".
"""

import unicodedata

DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe63\uff0d\u207b"
REPLACEMENTS = {
    **dict.fromkeys(DASHES, "-"),
    **dict.fromkeys("\u266f\uff03\ue262", "#"),
    **dict.fromkeys("♭ᵇ\ue260", "b"),
    **dict.fromkeys("𝄪\ue263", "##"),
    **dict.fromkeys("𝄫\ue264", "bb"),
    **dict.fromkeys("♮\ue261", ""),
    **dict.fromkeys("˚º∘ᵒ\ue870", "°"),
    **dict.fromkeys("Ø∅⌀⦰\ue871", "ø"),
    **dict.fromkeys("∆△▵▲⊿\ue873", "Δ"),
    **dict.fromkeys("⁺\ue872", "+"),
    **dict.fromkeys("\u2215\u2044", "/"),
    "\ue874": "-",
    "\u200b": "",
    "\ufeff": "",
}
TYPESET = str.maketrans(REPLACEMENTS)


def plain_symbol(text: str) -> str:
    """Return a chord symbol in plain spelling: "B♭m⁷" gives "Bbm7"."""
    if text.isascii():
        return text
    # accidentals and dashes first, because NFKC changes some of them to letters
    return unicodedata.normalize("NFKC", text.translate(TYPESET)).translate(TYPESET)
