"""What a setting is."""

from typing import Any

import msgspec

from spanjudge.judging.models.settings.kinds import Kind


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """One setting.

    `key` is its name in the YAML file (`judge.…` for the fields of a judge model, which `judges.NAME.…`
    has as well) and `env` are its names in the environment. `default` is the value, or, with a text in
    `default_text`, what the documentation says instead.
    """

    key: str
    env: tuple[str, ...]
    kind: Kind
    about: str
    example: str
    default: Any = None
    default_text: str = ""
    secret: bool = False
    in_file: bool = True

    @property
    def of_judge(self) -> bool:
        """Whether it is a field of a judge model."""
        return self.key.startswith("judge.")

    @property
    def field(self) -> str:
        """The name of the attribute that holds it."""
        return self.key.removeprefix("judge.")
