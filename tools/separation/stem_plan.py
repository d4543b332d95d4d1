"""Plan of the stems that are computed, and of those that are written."""

from collections.abc import Sequence
from dataclasses import dataclass

from muse.tools.errors import ParameterError
from muse.tools.separation.engine import Engine


@dataclass(frozen=True)
class StemPlan:
    """Stems that sum to the mix.

    Attributes:
        computed: name of each stem but the residual, and the indices of the engine's stems that
            sum to it.
        residual: name of the stem that is the mix minus the others; empty if it is not needed.
        written: names in the order in which they are written.
    """

    computed: tuple[tuple[str, tuple[int, ...]], ...]
    residual: str
    written: tuple[str, ...]


def make_plan(engine: Engine, stems: Sequence[str] = (), two_stems: str | None = None) -> StemPlan:
    """Plan the computation of the stems to write.

    Args:
        engine: that separates the mix.
        stems: names of the stems to write; empty for all.
        two_stems: name of a stem to write with the sum of all others; excludes `stems`.

    Raises:
        ParameterError: the engine has no stem of that name, or both options are given.
    """
    if stems and two_stems:
        raise ParameterError("--stems and --two-stems exclude each other")
    check_names(engine, [two_stems] if two_stems else stems)
    others = tuple(name for name in engine.stems if name != engine.residual)
    if two_stems:
        return plan_two_stems(engine, two_stems, others)
    written = tuple(dict.fromkeys(stems)) or engine.stems
    if engine.residual in written:
        return StemPlan(
            tuple(engine_stem(engine, name) for name in others), engine.residual, written
        )
    return StemPlan(tuple(engine_stem(engine, name) for name in written), "", written)


def plan_two_stems(engine: Engine, stem: str, others: tuple[str, ...]) -> StemPlan:
    """Plan one stem and the sum of all others; the engine's residual stem stays the residual."""
    complement = f"no_{stem}"
    if stem == engine.residual:
        members = tuple(engine.stems.index(name) for name in others)
        return StemPlan(((complement, members),), stem, (stem, complement))
    return StemPlan((engine_stem(engine, stem),), complement, (stem, complement))


def engine_stem(engine: Engine, name: str) -> tuple[str, tuple[int, ...]]:
    """Return the entry of `StemPlan.computed` for a stem of the engine."""
    return name, (engine.stems.index(name),)


def check_names(engine: Engine, names: Sequence[str]) -> None:
    """Raise ParameterError if the engine lacks one of the stems."""
    for name in names:
        if name not in engine.stems:
            known = ", ".join(engine.stems)
            raise ParameterError(f"{engine.name} has no stem {name}; its stems are {known}")
