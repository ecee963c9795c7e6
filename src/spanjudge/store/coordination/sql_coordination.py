"""The port of what processes tell each other, on the database they share."""

from collections.abc import Mapping, Sequence

from spanjudge.judging.budget.grants import Amount, Granted, Want
from spanjudge.judging.budget.limits import Limits
from spanjudge.pipeline.coordination import JudgeHold, KeptToken, Member, Roll
from spanjudge.store.coordination import grants, judge_holds, members, tokens
from spanjudge.store.database import Database


class SqlCoordination:
    """A `Coordination` in an SQL database; what the methods promise is written at the port."""

    def __init__(self, database: Database) -> None:
        """The schema is up to date already."""
        self._database = database

    async def beat(self, member: Member, *, duties: Sequence[str], now_ns: int, until_ns: int) -> Roll:
        """Say that a member is there, and take or keep duties."""
        return await self._database.write(
            lambda db: members.beat(db, member, duties, now_ns=now_ns, until_ns=until_ns)
        )

    async def leave(self, member: str) -> None:
        """Forget a member, with its duties and grants."""
        await self._database.write(lambda db: members.leave(db, member))

    async def roll(self, *, now_ns: int) -> Roll:
        """Who is there."""
        return await self._database.read(lambda db: members.roll(db, now_ns=now_ns))

    async def claim(self, duty: str, member: str, *, now_ns: int, until_ns: int) -> bool:
        """Take or keep one duty."""
        return await self._database.write(
            lambda db: members.claim(db, duty, member, now_ns=now_ns, until_ns=until_ns)
        )

    async def give_back(self, member: str, duties: Sequence[str]) -> None:
        """End duties before their time."""
        await self._database.write(lambda db: members.give_back(db, member, duties))

    async def grant(
        self,
        member: str,
        wants: Sequence[Want],
        limits: Mapping[str, Limits],
        *,
        day: str,
        free: Sequence[str] = (),
        now_ns: int,
        until_ns: int,
    ) -> Granted:
        """Parts of what is left of budgets."""
        return await self._database.write(
            lambda db: grants.grant(
                db, member, wants, limits, day=day, free=free, now_ns=now_ns, until_ns=until_ns
            )
        )

    async def spent(self, day: str, *, free: Sequence[str] = ()) -> dict[tuple[str, str], Amount]:
        """Stored usage of a day and its month."""
        return await self._database.read(lambda db: grants.usage(db, day, free))

    async def hold_judge(self, hold: JudgeHold) -> None:
        """Nobody asks a judge model before then."""
        await self._database.write(lambda db: judge_holds.hold(db, hold))

    async def judge_holds(self, *, now_ns: int) -> list[JudgeHold]:
        """Judge models that are held back now."""
        return await self._database.read(lambda db: judge_holds.held(db, now_ns=now_ns))

    async def tokens(self) -> list[KeptToken]:
        """Tokens that were made."""
        return await self._database.read(tokens.tokens)

    async def keep_token(self, token: KeptToken) -> None:
        """Add a token."""
        await self._database.write(lambda db: tokens.keep(db, token))

    async def drop_token(self, token_id: str) -> bool:
        """Take a token away."""
        return await self._database.write(lambda db: tokens.drop(db, token_id))
