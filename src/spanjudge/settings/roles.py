"""What a process does: all of it, or a part."""

import re
from typing import Any

import msgspec

from spanjudge.judging.models.settings.kinds import Words
from spanjudge.judging.models.settings.setting import Setting
from spanjudge.pipeline.coordination import ROLES, Role


class Roles(msgspec.Struct, frozen=True):
    """One or more roles."""

    words: tuple[str, ...] = ROLES

    @property
    def expects(self) -> str:
        """The roles."""
        return f"one or more of {', '.join(ROLES)}, separated by commas"

    def parse(self, value: Any) -> tuple[Role, ...]:
        """Each once, in one order; `all` is all of them."""
        wanted = {
            word.lower() for part in Words(self.expects).parse(value) for word in re.split(r"\s+", part)
        }
        if wanted == {"all"}:
            return ROLES
        if not wanted.issubset(ROLES):
            raise ValueError(self.expects)
        return tuple(role for role in ROLES if role in wanted)


ROLE = Setting(
    key="role",
    env=("SPANJUDGE_ROLE",),
    kind=Roles(),
    about="What this process does: `receiver` takes spans in over OTLP, `worker` judges them, sends results "
    "on and does the chores, `api` serves the page, the REST API and the Remote Scorer. Several, separated "
    "by commas; without it, all of them. A receiver needs no judge model.",
    example="worker",
    default=ROLES,
    default_text="all of them",
)
"""The role."""
