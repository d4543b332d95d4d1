"""Either net's config, read from a card; needs no torch."""

from dataclasses import fields
from typing import Any

from muse.models.chord_lstm.config import ChordLstmConfig
from muse.models.chord_transformer.config import ChordTransformerConfig

ChordConfig = ChordTransformerConfig | ChordLstmConfig
CONFIGS: tuple[type[ChordTransformerConfig] | type[ChordLstmConfig], ...] = (
    ChordTransformerConfig,
    ChordLstmConfig,
)


def read_config(values: dict[str, Any]) -> ChordConfig:
    """Make the config of the net whose fields a card's dict has.

    Raises:
        ValueError: the fields are those of neither net.
    """
    for config in CONFIGS:
        if {field.name for field in fields(config)} == set(values):
            return config(**values)
    raise ValueError("the config is not that of a chord model")
