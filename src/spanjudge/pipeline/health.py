"""How the pipeline of this process stands."""

import msgspec

from spanjudge.pipeline.coordination import ExportState
from spanjudge.pipeline.rates import Rates


class PipelineHealth(msgspec.Struct, frozen=True, kw_only=True):
    """How the pipeline stands. `oldest_wait` is seconds; `counts` and `errors` are since the start.

    `waiting`, `leased`, `oldest_wait`, `outbox`, `spans` and `size_bytes` are the store's, of all processes;
    everything else is of this one. `in_hand` are jobs under way here, `leased` those under way anywhere;
    `export` says of each destination that it carries results to how it stands. `full` says why nothing is
    taken, `storing_fails` why results wait to be stored, `away` why the store cannot be reached.
    """

    waiting: int = 0
    in_hand: int = 0
    oldest_wait: float = 0.0
    outbox: int = 0
    spans: int = 0
    size_bytes: int = 0
    counts: dict[str, int] = {}
    errors: dict[str, int] = {}
    paused: dict[str, str] = {}
    export: tuple[ExportState, ...] = ()
    rates: Rates = Rates()
    leased: int = 0
    full: str | None = None
    storing_fails: str | None = None
    away: str | None = None
