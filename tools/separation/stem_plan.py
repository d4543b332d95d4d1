"""Which stems are worked out, and which of them are written."""

from collections.abc import Sequence
from dataclasses import dataclass

from muse.tools.errors import ParameterError
from muse.tools.separation.engine import Engine


@dataclass(frozen=True)
class Plan:
    """Stems that together are the mix.

    Attributes:
        worked_out: name, and the engine's stems that sum to it; all but one of the stems.
        left_over: name of the one that is the mix without the others; empty when nobody wants it.
        written: names in the order in which they are written.
    """

    worked_out: tuple[tuple[str, tuple[int, ...]], ...]
    left_over: str
    written: tuple[str, ...]


def make_plan(engine: Engine, stems: Sequence[str] = (), two_stems: str | None = None) -> Plan:
    """What to work out for the stems that were asked for.

    Args:
        engine: whose stems can be had.
        stems: names; none means all.
        two_stems: the one stem that is set against all others; excludes `stems`.

    Raises:
        ParameterError: a name is none of the engine's, or both are given.
    """
    if stems and two_stems:
        raise ParameterError("--stems and --two-stems do not go together")
    check_names(engine, [two_stems] if two_stems else stems)
    others = tuple(name for name in engine.stems if name != engine.rest)
    if two_stems:
        return two_stem_plan(engine, two_stems, others)
    written = tuple(dict.fromkeys(stems)) or engine.stems
    if engine.rest in written:
        return Plan(tuple(single(engine, name) for name in others), engine.rest, written)
    return Plan(tuple(single(engine, name) for name in written), "", written)


def two_stem_plan(engine: Engine, stem: str, others: tuple[str, ...]) -> Plan:
    """One stem against all others; the one that takes up what is left over stays that one."""
    complement = f"no_{stem}"
    if stem == engine.rest:
        members = tuple(engine.stems.index(name) for name in others)
        return Plan(((complement, members),), stem, (stem, complement))
    return Plan((single(engine, stem),), complement, (stem, complement))


def single(engine: Engine, name: str) -> tuple[str, tuple[int, ...]]:
    """A stem that is one of the engine's."""
    return name, (engine.stems.index(name),)


def check_names(engine: Engine, names: Sequence[str]) -> None:
    """Raise ParameterError when the engine has no such stem."""
    for name in names:
        if name not in engine.stems:
            known = ", ".join(engine.stems)
            raise ParameterError(f"{engine.name} has no stem {name}; it has {known}")
