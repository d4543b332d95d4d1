"""Sounds of the studio as records for the cards of nets: name, licence, attribution, use."""

from collections.abc import Container

from muse.tools.training.studio.soundfonts import SOUNDFONTS

Record = dict[str, str]

SAMPLE_RECORDS: tuple[Record, ...] = (
    {"name": "Pastabass, Meatbass, Black and Green Guitars", "licence": "CC0", "used": "as sounds"},
    {"name": "jRhodes3d", "licence": "CC0", "attribution": "Jeff Learman", "used": "as sounds"},
    {"name": "Splendid Grand Piano", "licence": "public domain", "used": "as sounds"},
    {"name": "WaveEdit wavetables", "licence": "CC0", "used": "as oscillators"},
)


def soundfont_records(held_out: Container[str] = ()) -> list[Record]:
    """Return a record of each soundfont, those in `held_out` as used for measuring only."""
    return [
        {
            "name": name,
            "licence": licence,
            "used": "held out, to measure" if name in held_out else "as sounds",
        }
        for name, (licence, _) in SOUNDFONTS.items()
    ]
