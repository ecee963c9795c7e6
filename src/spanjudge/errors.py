"""Exceptions a user of the library can catch."""


class SpanjudgeError(Exception):
    """Root of every exception this package raises on purpose."""


class SettingsError(SpanjudgeError):
    """A setting is missing, unknown or has a bad value.

    The message names the setting, the value (unless secret) and the fix.
    """


class EvaluatorError(SpanjudgeError):
    """An evaluator definition cannot be used.

    `where` is `FILE:LINE` (or the field's path when it did not come from a file).
    """

    def __init__(self, message: str, *, where: str | None = None) -> None:
        """Keep `where` apart so that a caller can show it on its own."""
        super().__init__(f"{where}: {message}" if where else message)
        self.where = where


class MissingExtraError(SpanjudgeError, ImportError):
    """A feature needs an extra that is not installed; the message names it."""

    def __init__(self, feature: str, extra: str) -> None:
        """`extra` is the name inside the brackets of `spanjudge[extra]`."""
        super().__init__(f"{feature} needs the extra “{extra}”: pip install 'spanjudge[{extra}]'")
        self.extra = extra
