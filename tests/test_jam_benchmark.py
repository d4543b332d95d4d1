"""Figures of the timing benchmark."""

import pytest

from muse.tools.jam.benchmark.accompanist import benchmark_jam
from muse.tools.jam.benchmark.jack_server import PERIOD_S
from muse.tools.jam.benchmark.peer_program import PeerReport
from muse.tools.jam.benchmark.table import table
from muse.tools.jam.benchmark.timing import (
    LIMITS,
    benchmark_timing,
    check_limits,
    compare_with_peer,
    delays,
)

ON, OFF = b"\x90\x3c\x5a", b"\x80\x3c\x40"


def test_delays_and_losses() -> None:
    sent = [(0.0, ON), (0.1, OFF), (0.2, b"\x90\x3e\x5a"), (0.3, ON), (0.4, OFF)]
    came = [(0.01, ON), (0.13, b"\x80\x3c\x00"), (0.35, ON), (0.4, OFF)]
    late, dropped = delays(sent, came)
    assert late == pytest.approx([0.01, 0.03, 0.05, 0.0])
    assert dropped == 1
    assert delays(sent, []) == ([], 5)
    assert delays([], came) == ([], 0)


def test_late_messages_count_as_lost() -> None:
    late, dropped = delays([(0.0, ON), (5.0, ON)], [(5.01, ON)])
    assert (late, dropped) == (pytest.approx([0.01]), 1)


def test_figures_with_and_without_the_period() -> None:
    far = PeerReport(received=[(100.0 + PERIOD_S + 0.001, ON)], played=[(100.0, ON), (100.2, OFF)])
    figures = compare_with_peer([(0.0, ON)], far, [(100.004, ON)], began_s=100.0)
    assert figures["events"]["dropped"] == 0
    assert figures["events"]["late"]["p50_ms"] == pytest.approx(PERIOD_S * 1e3 + 1, abs=0.02)
    assert figures["events"]["beyond_period"]["p99_ms"] == pytest.approx(1, abs=0.02)
    assert figures["notes"]["dropped"] == 1
    held = check_limits({**figures, "cpu_percent": 26.0})
    assert len(held) == len(LIMITS) - 1  # nothing was decided
    assert held["events.beyond_period.p99_ms"]["holds"]
    assert not held["notes.dropped"]["holds"]
    assert not held["cpu_percent"]["holds"]


@pytest.mark.needs_jack
def test_benchmark_through_a_real_server() -> None:
    figures = benchmark_timing(0.5, load=0)
    for kind in ("events", "notes"):
        assert figures[kind]["late"]["events"] > 0
    assert figures["player"]["events"] >= figures["events"]["late"]["events"]


@pytest.mark.needs_jack
def test_benchmark_of_a_jam() -> None:
    figures = benchmark_jam(2.0, load=0, model="ngram")
    assert figures["beats"] > 0
    assert figures["deciding"]["events"] == figures["beats"]
    assert figures["events"]["late"]["events"] > 0
    shown = table(figures)
    assert all(name in shown for name in ("decision", "note in", *figures["limits"]))
