"""Loading of chord models by the name or path given with `--model`."""

import logging
from pathlib import Path

from muse.models.weight_files import CARD_SUFFIX, locate_weights
from muse.tools.chords import net_model as nets
from muse.tools.chords import ngram_model, note_model
from muse.tools.chords.model import ChordModel
from muse.tools.chords.note_model import NoteModel
from muse.tools.datasets.harmony_columns import CHORD_VOCABULARY
from muse.tools.errors import ParameterError
from muse.tools.weights import load_trained_weights

log = logging.getLogger("muse")

AUTO = "auto"
# weights by --model name, best first; "auto" is the first one installed
SHIPPED = {**nets.WEIGHTS, ngram_model.NAME: ngram_model.WEIGHTS}


def load_model(name: str = AUTO) -> ChordModel:
    """Load a chord model by name or path; the caller reports which one with `report_model`.

    Raises:
        ParameterError: there is no model of that name.
        BadInputError: its weights cannot be read.
    """
    if name == AUTO:
        name = next(shipped for shipped in SHIPPED if is_installed(shipped))
    if name not in SHIPPED and not is_path(name):
        raise ParameterError(
            f"--model must be {', '.join((AUTO, *SHIPPED))} or a path to weights, not '{name}'"
        )
    return load_named(name)


def load_generator(name: str = AUTO) -> ChordModel | NoteModel:
    """Load a chord model, or a net over notes, which only `muse chords` samples from.

    Raises:
        ParameterError: there is no model of that name.
        BadInputError: its weights cannot be read.
    """
    if name == note_model.NAME or (is_path(name) and is_note_net(name)):
        return note_model.load_note_model(name)
    return load_model(name)


def is_note_net(path: str) -> bool:
    """Return whether the weights at a path are those of a net over notes."""
    return note_model.is_note_card(load_trained_weights(path).card)


def report_model(model: ChordModel | NoteModel) -> None:
    """Write which chord model is used as a notice."""
    log.info("chord model: %s", model.name)


def is_installed(name: str) -> bool:
    """Return whether the weights of a model ship with this installation."""
    folder, weights = locate_weights(SHIPPED[name])
    return (folder / f"{weights}{CARD_SUFFIX}").is_file()


def is_path(name: str) -> bool:
    """Return whether a name is a path: it has a suffix or a folder."""
    return bool(Path(name).suffix) or len(Path(name).parts) > 1


def load_named(name: str) -> ChordModel:
    """Load an n-gram or a net by name; of a path, the card says which it is."""
    if name == ngram_model.NAME:
        return ngram_model.load_ngram()
    if name in SHIPPED:
        return nets.load_net(name)
    if is_note_net(name):
        raise ParameterError(f"{name} is a net over notes; only `muse chords` samples from it")
    card = load_trained_weights(name, CHORD_VOCABULARY.hash).card
    is_counts = card["config"].get("kind") == ngram_model.NAME
    return ngram_model.load_ngram(name) if is_counts else nets.load_net(name)
