"""Wait for the other nodes of a run, for a limited time and without ignoring signals."""

import logging
import time
from collections.abc import Callable
from threading import Thread
from typing import Any

from muse.models.training.signals import Stopped, StopRequest

log = logging.getLogger("muse")

JOIN_TIMEOUT_S = 300.0  # for all nodes of a run to start
POLL_S = 0.1  # interval at which signals are noticed


def wait_for_nodes(join: Callable[[], None], request: StopRequest, timeout_s: float) -> None:
    """Call `join`, which blocks until all nodes are there, in a thread, and wait for its end.

    Args:
        join: connects to the other nodes; it cannot be interrupted, so its thread is abandoned.
        request: made by a signal.
        timeout_s: after which the other nodes count as missing.

    Raises:
        Stopped: a signal arrived.
        TimeoutError: not all nodes are there in time.
    """
    errors: list[BaseException] = []

    def run() -> None:
        try:
            join()
        except BaseException as error:
            errors.append(error)

    thread = Thread(target=run, name="join", daemon=True)
    thread.start()
    end_s = time.monotonic() + timeout_s
    while thread.is_alive():
        thread.join(POLL_S)
        if request.made:
            raise Stopped
        if thread.is_alive() and time.monotonic() > end_s:
            raise TimeoutError(
                f"not all nodes have started within {timeout_s:g} s; run the same command on each, "
                "with MASTER_ADDR, MASTER_PORT and NODE_RANK set, or start it with torchrun"
            )
    if errors:
        raise errors[0]


def nodes_strategy(nodes: int, request: StopRequest) -> Any:
    """Return Lightning's strategy for several nodes, which waits as `wait_for_nodes`."""
    from lightning.pytorch.strategies import DDPStrategy

    class Nodes(DDPStrategy):
        def setup_distributed(self) -> None:
            """Connect to the other processes."""
            place = self.cluster_environment
            if place is not None:
                log.warning(
                    "node %d waits up to %.0f s for all %d nodes, at %s:%d; Ctrl-C ends it",
                    *(place.node_rank(), JOIN_TIMEOUT_S, nodes),
                    *(place.main_address, place.main_port),
                )
            wait_for_nodes(super().setup_distributed, request, JOIN_TIMEOUT_S)

    return Nodes()
