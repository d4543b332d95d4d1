"""The names that `muse train` takes, and the class behind each.

This module imports nothing heavy; the class of a recipe is imported when it is looked up.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from muse.tools.errors import EXTRA_OF, ParameterError, missing_extra

if TYPE_CHECKING:
    from muse.tools.training.fit import Fit
    from muse.tools.training.recipe import Recipe

_PACKAGE = "muse.tools.training.recipes"

# name: module and class. A recipe outside muse is named by its own module:Class
RECIPES: dict[str, str] = {
    "chord-finder": f"{_PACKAGE}.chord_finder:ChordFinderFit",
    "chord-lstm": f"{_PACKAGE}.chord_nets:ChordLstmRecipe",
    "chord-ngram": f"{_PACKAGE}.chord_ngram:ChordNgramFit",
    "chord-transformer": f"{_PACKAGE}.chord_nets:ChordTransformerRecipe",
    "drum-net": f"{_PACKAGE}.drum_net:DrumNetFit",
    "interval-hypotheses": f"{_PACKAGE}.interval_hypotheses:IntervalHypothesesFit",
    "interval-net": f"{_PACKAGE}.interval_net:IntervalNetRecipe",
    "intervals": f"{_PACKAGE}.intervals:IntervalsRecipe",
    "jam-mix": f"{_PACKAGE}.jam_mix:JamMixFit",
    "jam-tempo": f"{_PACKAGE}.jam_tempo:JamTempoFit",
    "melody-fit": f"{_PACKAGE}.melody_fit:MelodyFitFit",
    "melody-realism": f"{_PACKAGE}.melody_realism:MelodyRealismFit",
    "melody-xl": f"{_PACKAGE}.melody_xl:MelodyXLRecipe",
    "note-lstm": f"{_PACKAGE}.note_lstm:NoteLstmRecipe",
    "note-net": f"{_PACKAGE}.note_net:NoteNetFit",
    "role-net": f"{_PACKAGE}.role_net:RoleNetFit",
}


def name_of(recipe: Recipe | Fit) -> str:
    """Return the name under which `find_recipe` finds a recipe."""
    kind = type(recipe)
    return recipe.name if recipe.name in RECIPES else f"{kind.__module__}:{kind.__qualname__}"


def find_recipe(name: str) -> Recipe | Fit:
    """Return a new instance of the recipe with this name, or of a class given as module:Class.

    Raises:
        MissingPartError: a package is missing that an extra of muse installs.
        ParameterError: there is no such recipe, or its module cannot be imported.
    """
    from muse.tools.training.fit import Fit
    from muse.tools.training.recipe import Recipe

    path = RECIPES.get(name, name)
    module, colon, attribute = path.partition(":")
    if not colon:
        raise ParameterError(f"no recipe is called {name}; there are: {', '.join(RECIPES)}")
    try:
        kind = getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        if isinstance(error, ModuleNotFoundError) and error.name in EXTRA_OF:
            raise missing_extra(error.name, EXTRA_OF[error.name]) from error
        raise ParameterError(f"cannot load the recipe {path}: {error}") from error
    if not (isinstance(kind, type) and issubclass(kind, Recipe | Fit)):
        raise ParameterError(f"{path} is not a recipe")
    found: Recipe | Fit = kind()
    return found
