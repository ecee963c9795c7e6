"""The settings of what judging may cost."""

from spanjudge.judging.models.settings.kinds import Number, Whole
from spanjudge.judging.models.settings.setting import Setting

BUDGETS = (
    Setting(
        key="budget_tokens_month",
        env=("SPANJUDGE_BUDGET_TOKENS_MONTH",),
        kind=Whole(0, 10**15),
        about="Most tokens in a month (UTC) on judge models that cost money, read and written, over all "
        "doors. When they are used up, evaluation stops with `budget_exhausted` until the next month; 0 is "
        "no limit.",
        example="2000000",
        default=2_000_000,
    ),
    Setting(
        key="budget_tokens_day",
        env=("SPANJUDGE_BUDGET_TOKENS_DAY",),
        kind=Whole(0, 10**15),
        about="The same for a day (UTC).",
        example="100000",
        default=0,
    ),
    Setting(
        key="budget_usd_month",
        env=("SPANJUDGE_BUDGET_USD_MONTH",),
        kind=Number(0, 1e12, "US dollars"),
        about="Most US dollars in a month (UTC); 0 is no limit.",
        example="50",
        default=0.0,
    ),
    Setting(
        key="budget_usd_day",
        env=("SPANJUDGE_BUDGET_USD_DAY",),
        kind=Number(0, 1e12, "US dollars"),
        about="The same for a day (UTC).",
        example="5",
        default=0.0,
    ),
)
"""What judging may cost in all; the file's `budgets` has the same for single evaluators."""
