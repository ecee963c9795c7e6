"""The one place the version is written; packaging and the server read it from here."""

__version__ = "0.1.0"
