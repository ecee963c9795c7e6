"""A question as it would be sent to a judge model, for who wants to read it before or afterwards."""

from typing import Any

import msgspec


class Composed(msgspec.Struct, frozen=True, kw_only=True):
    """One call: whose criteria it holds, both messages, the answer's JSON schema.

    `truncated` names the fields of the subject that were cut, or variables of a full prompt.
    """

    evaluators: tuple[str, ...]
    system: str
    user: str
    schema: dict[str, Any]
    truncated: tuple[str, ...] = ()
