"""The models of chords that `muse chords` can be asked for, by name or by path."""

import logging
from pathlib import Path

from muse.models.weight_files import CARD_SUFFIX, locate_weights
from muse.tools.chords import net_model as nets
from muse.tools.chords import ngram_model
from muse.tools.chords.model import ChordModel
from muse.tools.datasets.harmony_columns import CHORD_VOCABULARY
from muse.tools.errors import ParameterError
from muse.tools.weights import load_trained_weights

log = logging.getLogger("muse")

AUTO = "auto"
# weights by the name that --model takes, best first: "auto" takes the first that is there
SHIPPED = {**nets.WEIGHTS, ngram_model.NAME: ngram_model.WEIGHTS}


def load_model(name: str = AUTO) -> ChordModel:
    """The model of that name, or the one at a path; the choice is told in a notice.

    Raises:
        ParameterError: there is none of that name.
        BadInputError: its weights cannot be read.
    """
    if name == AUTO:
        name = next(each for each in SHIPPED if is_there(each))
    if name not in SHIPPED and not is_path(name):
        raise ParameterError(
            f"--model is {', '.join((AUTO, *SHIPPED))} or a path to weights, not '{name}'"
        )
    model = load_counts_or_net(name)
    log.info("chords by the model %s", model.name)
    return model


def is_there(name: str) -> bool:
    """Whether the weights of that name ship with this muse."""
    folder, weights = locate_weights(SHIPPED[name])
    return (folder / f"{weights}{CARD_SUFFIX}").is_file()


def is_path(name: str) -> bool:
    """Whether the name has a suffix or a folder in it."""
    return bool(Path(name).suffix) or len(Path(name).parts) > 1


def load_counts_or_net(name: str) -> ChordModel:
    """The n-gram or the net of that name; at a path, what its card says."""
    if name == ngram_model.NAME:
        return ngram_model.load_ngram()
    if name in SHIPPED:
        return nets.load_net(name)
    card = load_trained_weights(name, CHORD_VOCABULARY.hash).card
    is_counts = card["config"].get("kind") == ngram_model.NAME
    return ngram_model.load_ngram(name) if is_counts else nets.load_net(name)
