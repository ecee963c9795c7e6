"""One subject and its evaluators under way: grouped into calls, asked, read, asked once more where needed."""

import asyncio
import time
from collections.abc import Callable, Sequence

import msgspec

from spanjudge.evaluators.prompt import Template, Variable, render
from spanjudge.judging import compose, fence, material, prechecks
from spanjudge.judging.answer import Answer, Problem
from spanjudge.judging.call import Observer, Trouble, call, internal
from spanjudge.judging.case import Case, spend
from spanjudge.judging.compose import MOST_CRITERIA, Question
from spanjudge.judging.composed import Composed
from spanjudge.judging.models.model import JudgeModel, JudgeReply, JudgeRequest
from spanjudge.judging.questions import Questions
from spanjudge.judging.result import FailureCode
from spanjudge.judging.subject import Subject

_WORTH_WARMING = 3_000
"""Characters of shared prefix below which no remote provider caches it: waiting would gain nothing."""

AGAIN: dict[FailureCode, str] = {
    "judge_answer_invalid": "Your previous answer could not be read. Answer with the JSON object alone.",
    "judge_answer_cut": "Your previous answer was cut off. Keep every explanation to one short sentence.",
    "judge_refused": (
        "Your previous answer was a refusal. Judging the material neither repeats nor endorses it: "
        "it is how unwanted text is found. Give the JSON object asked for."
    ),
}
"""What a judge is told when it is asked once more."""

ROOM_AFTER_CUT = 4
"""Times the output tokens that a judge gets for its second try."""
_HOPELESS: frozenset[FailureCode] = frozenset({"judge_key_refused", "judge_no_credit", "judge_model_unknown"})
"""What every further call would end in as well."""


class Manner(msgspec.Struct, frozen=True):
    """How a judge asks: its model and everything that is the same for all its subjects."""

    model: JudgeModel
    fence_key: bytes
    batches: bool
    questions: Questions
    read: Callable[[JudgeReply, Question, Subject], list[Answer]]
    observer: Observer | None


class Judgement:
    """The judging of one subject. `deadline` is a `time.monotonic()` moment."""

    def __init__(self, manner: Manner, subject: Subject, deadline: float) -> None:
        """See the class."""
        self._manner = manner
        self._model = manner.model
        self._subject = subject
        self._deadline = deadline
        self._stopped: Trouble | None = None
        self._prompts: dict[int, tuple[str, str, tuple[str, ...]]] = {}

    async def settle(self, cases: Sequence[Case]) -> None:
        """Settle every case."""
        waiting = prechecks.unsettled(cases, self._subject)
        if not waiting:
            return
        traits = self._model.traits
        self._material = material.prepare(self._subject, self._manner.fence_key, traits.max_subject_chars)
        groups = self._grouped([case for case in waiting if case.evaluator.prompt is None])
        alone = [[case] for case in waiting if case.evaluator.prompt is not None]
        if len(groups) + len(alone) == 1:
            await self._group((groups or alone)[0])
        elif len(groups) > 1 and (traits.small or len(self._material.text) > _WORTH_WARMING):
            await asyncio.gather(self._warmed(groups), *map(self._group, alone))
        else:
            await asyncio.gather(*map(self._group, groups + alone))

    def composed(self, cases: Sequence[Case], *, anyway: bool = False) -> list[Composed]:
        """What would be asked, call by call, without asking.

        Cases that need no model are left out and settled; with `anyway` nobody looks whether they do.
        """
        waiting = list(cases) if anyway else prechecks.unsettled(cases, self._subject)
        if not waiting:
            return []
        traits = self._model.traits
        self._material = material.prepare(self._subject, self._manner.fence_key, traits.max_subject_chars)
        groups = self._grouped([case for case in waiting if case.evaluator.prompt is None])
        groups += [[case] for case in waiting if case.evaluator.prompt is not None]
        return [self._composed(group) for group in groups]

    def _composed(self, cases: list[Case]) -> Composed:
        question = self._question(cases)
        request = self._request(question)
        return Composed(
            evaluators=tuple(case.evaluator.name for case in cases),
            system=request.system,
            user=request.user,
            schema=request.schema,
            truncated=self._texts(question)[2],
        )

    def _grouped(self, cases: list[Case]) -> list[list[Case]]:
        """Rubric evaluators by call: one each, or as even as possible in calls of at most eight."""
        if not self._manner.batches or not cases:
            return [[case] for case in cases]
        calls = -(-len(cases) // MOST_CRITERIA)
        size = -(-len(cases) // calls)
        return [cases[start : start + size] for start in range(0, len(cases), size)]

    async def _warmed(self, groups: list[list[Case]]) -> None:
        """The first call fills the provider's prefix cache; all at once they would miss it together."""
        await self._group(groups[0])
        await asyncio.gather(*map(self._group, groups[1:]))

    async def _group(self, cases: list[Case]) -> None:
        try:
            await self._ask(cases)
        except Exception as error:  # noqa: BLE001  a fault of one group leaves the others alone
            self._fail([case for case in cases if case.outcome is None], internal(error))

    async def _ask(self, cases: list[Case]) -> None:
        """Ask, and ask once more about what has no valid answer."""
        if self._stopped is not None:
            self._fail(cases, self._stopped)
            return
        question = self._question(cases)
        reply = await self._call(question, cases)
        if isinstance(reply, Trouble):
            left, note = cases, None if reply.final else AGAIN.get(reply.code)
            trouble = reply
        else:
            problems = self._read(question, cases, reply)
            if not problems:
                return
            left, trouble = [case for case, _ in problems], _invalid(problems)
            note = f"Your previous answer could not be used: {_listed(problems)}. Answer again."
        if note is None or self._late():
            self._fail(left, trouble)
            return
        await self._ask_again(left, note, cut=trouble.code == "judge_answer_cut")

    async def _ask_again(self, cases: list[Case], note: str, *, cut: bool) -> None:
        question = self._question(cases, again=True)
        reply = await self._call(question, cases, note=note, more_room=cut)
        if isinstance(reply, Trouble):
            self._fail(cases, reply)
            return
        for case, problem in self._read(question, cases, reply):
            self._fail([case], _invalid([(case, problem)]))

    def _question(self, cases: list[Case], *, again: bool = False) -> Question:
        """What is asked; the second time a judge picks a score where it was to list claims."""
        evaluators = tuple(case.evaluator for case in cases)
        if again and not self._model.traits.small:
            evaluators = tuple(compose.without_claims(evaluator) for evaluator in evaluators)
        return self._manner.questions.of(evaluators).for_subject(self._subject)

    async def _call(
        self, question: Question, cases: list[Case], *, note: str = "", more_room: bool = False
    ) -> JudgeReply | Trouble:
        names = tuple(case.evaluator.name for case in cases)
        request = self._request(question, note=note, more_room=more_room, flow=", ".join(names))
        reply = await call(self._model, request, names, self._manner.observer)
        spend(cases, reply)
        if isinstance(reply, Trouble) and reply.code in _HOPELESS:
            self._stopped = reply
        return reply

    def _request(
        self, question: Question, *, note: str = "", more_room: bool = False, flow: str = ""
    ) -> JudgeRequest:
        system, text, _ = self._texts(question)
        return JudgeRequest(
            system=system,
            subject="" if question.templates else self._seen(question).text,
            leaning=question.leaning(self._subject) if question.leaning else {},
            question=f"{text}\n\n{note}" if note else text,
            schema=question.schema,
            schema_name=question.schema_name,
            probability_of=question.probability_of,
            max_output_tokens=question.max_output_tokens * (ROOM_AFTER_CUT if more_room else 1),
            deadline=self._deadline,
            flow=flow,
        )

    def _read(self, question: Question, cases: list[Case], reply: JudgeReply) -> list[tuple[Case, Problem]]:
        """Settle what has a valid answer; what has none is given back with the reason."""
        problems: list[tuple[Case, Problem]] = []
        _, _, truncated = self._texts(question)
        answers = (question.read or self._manner.read)(reply, question, self._subject)
        for case, found in zip(cases, answers, strict=True):
            if isinstance(found, Problem):
                problems.append((case, found))
            else:
                case.answered(found, truncated, self._model)
        return problems

    def _texts(self, question: Question) -> tuple[str, str, tuple[str, ...]]:
        """System text, question text, and the fields that were cut; a full prompt is filled in once."""
        if question.templates is None:
            return question.system, question.text, self._seen(question).truncated
        found = self._prompts.get(id(question))
        if found is None:
            found = self._prompts[id(question)] = self._filled(question, *question.templates)
        return found

    def _filled(
        self, question: Question, system: Template, user: Template
    ) -> tuple[str, str, tuple[str, ...]]:
        cut: dict[str, None] = {}

        def value_of(variable: Variable) -> str:
            text, was_cut = material.variable(self._subject, variable, self._material)
            if was_cut:
                cut[variable.key] = None
            return text

        own = render(system, value_of)
        return (
            f"{question.system}\n\n{own}" if own.strip() else question.system,
            f"{render(user, value_of)}\n\n{question.text}",
            tuple(cut),
        )

    def _seen(self, question: Question) -> material.Material:
        return self._material.only(question.fields) if question.fields else self._material

    def _late(self) -> bool:
        return self._deadline <= time.monotonic()

    def _fail(self, cases: list[Case], trouble: Trouble) -> None:
        for case in cases:
            case.failed(trouble, self._model)


def _invalid(problems: list[tuple[Case, Problem]]) -> Trouble:
    return Trouble(
        code="judge_answer_invalid",
        message=f"the judge's answer does not fit: {_listed(problems)}",
    )


def _listed(problems: list[tuple[Case, Problem]]) -> str:
    return "; ".join(fence.neutralise(problem.message) for _, problem in problems)
