"""One frozen settings object, from the environment and one optional YAML file."""

from spanjudge.settings.settings import Line, Places, Settings, effective, is_file, load, places

__all__ = ["Line", "Places", "Settings", "effective", "is_file", "load", "places"]
