"""The composition root: from settings to a running server. The only room that knows every other one."""

from spanjudge.app.judges import Starting, innermost, open_judges
from spanjudge.app.server import App, configure_logs, open_app
from spanjudge.app.ways_out import open_exporters

__all__ = ["App", "Starting", "configure_logs", "innermost", "open_app", "open_exporters", "open_judges"]
