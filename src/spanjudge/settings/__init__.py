"""One frozen settings object, from the environment and one optional YAML file."""

from spanjudge.settings.settings import Folders, Line, Settings, effective, folders, load

__all__ = ["Folders", "Line", "Settings", "effective", "folders", "load"]
