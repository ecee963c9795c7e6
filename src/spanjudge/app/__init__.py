"""The composition root: from settings to a running server. The only room that knows every other one."""

from spanjudge.app.judges import open_judges
from spanjudge.app.memory import share_arenas
from spanjudge.app.opening import configure_logs, open_app
from spanjudge.app.server import App
from spanjudge.app.tokens import carry_over, open_issued
from spanjudge.app.ways_out import open_exporters
from spanjudge.judging.models.wrapped import Starting, innermost

__all__ = [
    "App",
    "Starting",
    "carry_over",
    "configure_logs",
    "innermost",
    "open_app",
    "open_exporters",
    "open_issued",
    "open_judges",
    "share_arenas",
]
