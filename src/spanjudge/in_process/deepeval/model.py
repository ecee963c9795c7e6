"""The judge behind DeepEval's interface for models: our endpoint, retries, limits and monitoring."""

import re
from functools import cache
from typing import Any, Protocol, cast, runtime_checkable

from spanjudge.judging import answer
from spanjudge.judging.call import Observer, Trouble, call
from spanjudge.judging.case import Case, spend
from spanjudge.judging.judgement import AGAIN, ROOM_AFTER_CUT
from spanjudge.judging.models.model import JudgeModel, JudgeReply, JudgeRequest
from spanjudge.judging.models.schema_subset import common_subset

_ROOM = 2048
"""Output tokens: DeepEval has the judge repeat the text, statement by statement."""

_LIMITS: dict[str, dict[str, int]] = {
    "score": {"minimum": 0, "maximum": 10},
    "statements": {"minItems": 1},
    "verdicts": {"minItems": 1},
}
"""What DeepEval's own schemas leave out. It asks for verdicts on what the judge found before, and takes none
at all for the best score; an output that says something makes at least one statement."""

_NO_OBJECT = "it holds no JSON object with the properties asked for"
_WORD = re.compile(r"[a-z]+")
_OLD_WORDS = {"idk": "borderline"}


class AnswerClass(Protocol):
    """One of DeepEval's pydantic models."""

    __name__: str

    def model_json_schema(self) -> dict[str, Any]:
        """Its JSON schema."""
        ...

    def model_validate(self, obj: object) -> object:
        """An instance, or `ValueError`."""
        ...


@runtime_checkable
class _Details(Protocol):
    """What pydantic's errors have more than others."""

    def errors(self, *, include_input: bool, include_url: bool) -> list[dict[str, Any]]: ...


class JudgeTroubleError(Exception):
    """The judge gave no usable answer; DeepEval passes it on, wrapped or not."""

    def __init__(self, trouble: Trouble) -> None:
        """See the class."""
        super().__init__(trouble.message)
        self.trouble = trouble


class Questions:
    """What DeepEval asks the judge for one metric of one invocation.

    `trouble` is why the last question had no answer. `deadline` is a `time.monotonic()` moment.
    """

    def __init__(self, model: JudgeModel, case: Case, *, observer: Observer | None, deadline: float) -> None:
        """Calls, tokens and cost are added to the case."""
        self.model = model
        self.trouble: Trouble | None = None
        self._case = case
        self._observer = observer
        self._deadline = deadline

    async def ask(self, prompt: str, asked: AnswerClass) -> object:
        """An instance of what is asked for; once more where the first answer is none.

        Raises `JudgeTroubleError`.
        """
        found = await self._answer(prompt, asked)
        note = AGAIN.get(found.code) if isinstance(found, Trouble) and not found.final else None
        if isinstance(found, Trouble) and note is not None:
            if found.code == "judge_answer_invalid":
                note = f"{found.message[:1].upper()}{found.message[1:]}. {note}"
            cut = found.code == "judge_answer_cut"
            found = await self._answer(f"{prompt}\n\n{note}", asked, more_room=cut)
        if isinstance(found, Trouble):
            self.trouble = found
            raise JudgeTroubleError(found)
        return found

    async def _answer(self, prompt: str, asked: AnswerClass, *, more_room: bool = False) -> object | Trouble:
        request = JudgeRequest(
            system="",
            subject="",
            question=prompt,
            schema=schema_of(asked),
            schema_name=asked.__name__,
            max_output_tokens=_ROOM * (ROOM_AFTER_CUT if more_room else 1),
            deadline=self._deadline,
        )
        reply = await call(self.model, request, (self._case.evaluator.name,), self._observer)
        spend([self._case], reply)
        return read(reply, asked) if isinstance(reply, JudgeReply) else reply


@cache
def schema_of(asked: AnswerClass) -> dict[str, Any]:
    """Its JSON schema in the subset every provider takes; the same object each time."""
    schema = asked.model_json_schema()
    properties = {
        name: {**held, **_LIMITS.get(name, {})}
        for name, held in cast("dict[str, dict[str, Any]]", schema["properties"]).items()
    }
    return common_subset({**schema, "description": "", "properties": properties})


def read(reply: JudgeReply, asked: AnswerClass) -> object | Trouble:
    """The last object of the reply that fits; in prose, a code fence or one object more as well."""
    problem = _NO_OBJECT
    for found in answer.candidates(reply.text):
        for candidate in (found, _mended(found)):
            wrong = _outside(candidate)
            try:
                value = asked.model_validate(candidate)
            except ValueError as error:
                wrong = _words(error)
            else:
                if not wrong:
                    return value
            if problem is _NO_OBJECT and not set(found).isdisjoint(schema_of(asked)["properties"]):
                problem = wrong
    return Trouble(
        code="judge_answer_invalid", message=f"the judge's answer does not fit: {problem}", model=reply.model
    )


def _outside(candidate: dict[str, Any]) -> str:
    """Which limit is not kept; nothing where all are, or where the value is of another type."""
    for name, limits in _LIMITS.items():
        held = candidate.get(name)
        if limits.get("minItems") and held == []:
            return f"“{name}” is empty"
        if "maximum" in limits and name in candidate:
            try:
                inside = limits["minimum"] <= float(held or 0) <= limits["maximum"]
            except (TypeError, ValueError):
                continue
            if not inside:
                return f"“{name}” is not from {limits['minimum']} to {limits['maximum']}"
    return ""


def _mended(found: dict[str, Any]) -> dict[str, Any]:
    """Verdicts as judges without a schema write them: `"No, it is not"`, and without a reason."""
    verdicts: object = found.get("verdicts")
    if not isinstance(verdicts, list):
        return found
    mended = [
        {
            **cast("dict[str, Any]", one),
            "verdict": _verdict(cast("dict[str, Any]", one).get("verdict")),
            "reason": cast("dict[str, Any]", one).get("reason") or "",
        }
        if isinstance(one, dict)
        else one
        for one in cast("list[object]", verdicts)
    ]
    return {**found, "verdicts": mended}


def _verdict(given: object) -> object:
    if not isinstance(given, str):
        return given
    word = _WORD.match(given.strip().lower())
    return _OLD_WORDS.get(word[0], word[0]) if word else given


def _words(error: ValueError) -> str:
    """The first thing that is wrong, without the value itself: it quotes what users wrote."""
    if not isinstance(error, _Details):
        return "it does not have the shape asked for"
    first = error.errors(include_input=False, include_url=False)[0]
    return f"“{'.'.join(map(str, first['loc']))}”: {first['msg']}"


@cache
def judge_class(base: Any) -> Any:
    """A subclass of DeepEval's own base of models; an instance is made of `Questions`."""

    async def a_generate(self: Any, prompt: str, schema: AnswerClass) -> object:
        return await self.questions.ask(prompt, schema)

    def generate(self: Any, *_: object, **__: object) -> object:
        del self
        raise RuntimeError("this judge answers asynchronously only: use a_measure")

    def begin(self: Any, questions: Questions) -> None:
        self.questions = questions
        self.name = self.model = questions.model.model

    def name(self: Any) -> str:
        return self.name

    members: dict[str, Any] = {
        "__init__": begin,
        "load_model": name,
        "get_model_name": name,
        "generate": generate,
        "a_generate": a_generate,
    }
    return type("SpanjudgeModel", (base,), members)
