"""The recipes that `muse train` knows, by name; each is imported when it is asked for."""

from importlib import import_module

from muse.tools.errors import ParameterError
from muse.tools.training.recipe import Recipe

# name: module and class; a recipe of your own goes by its module:class as the name
RECIPES: dict[str, str] = {
    "chord-transformer": "muse.tools.training.recipes.chord_nets:ChordTransformerRecipe",
    "chord-lstm": "muse.tools.training.recipes.chord_nets:ChordLstmRecipe",
    "interval-net": "muse.tools.training.recipes.interval_net:IntervalNetRecipe",
    "intervals": "muse.tools.training.recipes.intervals:IntervalsRecipe",
    "melody-xl": "muse.tools.training.recipes.melody_xl:MelodyXLRecipe",
    "note-lstm": "muse.tools.training.recipes.note_lstm:NoteLstmRecipe",
}


def name_of(recipe: Recipe) -> str:
    """The name under which find_recipe finds it."""
    kind = type(recipe)
    return recipe.name if recipe.name in RECIPES else f"{kind.__module__}:{kind.__qualname__}"


def find_recipe(name: str) -> Recipe:
    """The recipe of that name, or of a name like package.module:Class.

    Raises:
        ParameterError: there is none.
    """
    place = RECIPES.get(name, name)
    module, colon, attribute = place.partition(":")
    if not colon:
        known = ", ".join(RECIPES) or "none yet"
        raise ParameterError(f"no net is called {name}; there are: {known}")
    try:
        kind = getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise ParameterError(f"cannot load the recipe {place}: {error}") from error
    if not (isinstance(kind, type) and issubclass(kind, Recipe)):
        raise ParameterError(f"{place} is not a recipe")
    return kind()
