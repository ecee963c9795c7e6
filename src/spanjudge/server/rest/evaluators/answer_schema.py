"""An answer format as the JSON schema that the judge must fill, and an edited schema as an answer format.

The schema is the one that is sent, with `minimum` and `maximum` besides: not every provider takes these, so
the judge is told the range in words, and its answer is checked by us.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, cast

from spanjudge.evaluators import validation
from spanjudge.evaluators.answer_format import Score
from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.evaluators.problem import Path, Problem, nearest
from spanjudge.judging.claims import ClaimsForm
from spanjudge.judging.compose import object_schema
from spanjudge.judging.form import EXPLANATION, NumberForm, form_of
from spanjudge.server.rest.evaluators.definitions import answer_of as core_answer_of
from spanjudge.server.rest.evaluators.listed_values import labels_of, number_of, points_of
from spanjudge.server.rest.shapes.evaluators import Answer

Kind = Literal["category", "boolean", "score"]

ROOT: Final = "answer_schema"
KEYS: dict[str, Kind] = {"label": "category", "value": "boolean", "score": "score"}
"""What the value is called in the judge's answer."""

_NO_MEANING = frozenset({"$schema", "$id", "$comment", "title"})
_OBJECT = ("type", "properties", "required", "additionalProperties")
_VALUE = ("type", "enum", "oneOf", "minimum", "maximum", "description")
_TYPES = ("string", "boolean", "number")
_RANGE = re.compile(r"a number from (\S+) to (\S+), both included\.?")
_SUPPORTED = (
    "an enum of texts (category), boolean, a number with minimum and maximum, or an enum of numbers (points)"
)


class SchemaProblemsError(ValueError):
    """A schema that no answer format stands for; `problems` begin their paths with `answer_schema`."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        """There is at least one."""
        super().__init__(problems[0].message)
        self.problems = tuple(problems)


def schema_of(answer: Answer) -> dict[str, Any]:
    """The object that the judge writes: the explanation, then the value."""
    core = core_answer_of(answer)
    form = ClaimsForm(core) if isinstance(core, Score) and core.method == "claims" else form_of(core)
    schema = object_schema(form)
    if isinstance(form, NumberForm):
        bounds = {"minimum": form.format.min, "maximum": form.format.max}
        schema["properties"] = {**schema["properties"], "score": {**form.properties["score"], **bounds}}
    return schema


def answer_of(schema: Mapping[str, Any], known: Answer | None = None) -> Answer:
    """The answer format of a schema. `known` gives the descriptions, which a schema does not hold.

    Raises `SchemaProblemsError`.
    """
    reading = _Reading(known or Answer())
    answer = reading.read(schema)
    if answer is None or reading.problems:
        raise SchemaProblemsError(reading.problems)
    reading.check(answer)
    if reading.problems:
        raise SchemaProblemsError(reading.problems)
    return answer


class _Reading:
    """One schema on its way to an answer format; what cannot be taken is noted, and nothing guessed."""

    def __init__(self, known: Answer) -> None:
        self.problems: list[Problem] = []
        self._known = known
        self._place: Path = (ROOT,)
        """Where the value's own schema stands."""
        self._list = "enum"
        """The keyword that lists its values."""

    def read(self, schema: Mapping[str, Any]) -> Answer | None:
        """The answer format; `None` with at least one problem."""
        if "properties" not in schema and schema.get("type") != "object":
            return self._value(schema, None)
        self._keywords(schema, _OBJECT, (ROOT,))
        if schema.get("type", "object") != "object":
            self._add("must be “object”: the judge answers with one", "type")
        properties: object = schema.get("properties")
        if not isinstance(properties, dict) or not properties:
            self._add(f"must be an object with the value in it: {_names()}", "properties")
            return None
        fields = cast("dict[str, Any]", properties)
        self._explanation(fields.get("explanation"))
        keys = [key for key in fields if key != "explanation"]
        self._closed(schema, list(fields))
        for key in keys[1:]:
            told = "is one value too many; an evaluator gives one, so make another evaluator for it"
            self._add(told, "properties", key)
        if not keys:
            self._add(f"lacks the value: add {_names()}", "properties")
            return None
        return self._named(keys[0], fields[keys[0]])

    def _named(self, key: str, schema: Any) -> Answer | None:
        """The value with its name in the judge's answer."""
        self._place = (ROOT, "properties", key)
        if key == "claims":
            return self._claims(schema)
        if key not in KEYS:
            self._add(f"is no name for the value; {nearest(key, KEYS)}: {_names()}")
            return None
        if not isinstance(schema, dict):
            self._add(f"must be an object; supported are {_SUPPORTED}")
            return None
        return self._value(cast("dict[str, Any]", schema), key)

    def check(self, answer: Answer) -> None:
        """Note what the rules of answer formats say against it."""
        asked = Evaluator(name="a", rubric="a", answer=core_answer_of(answer))
        for one in validation.problems(asked):
            match one.path:
                case ("answer", "labels" | "anchors"):
                    self._add(one.message, self._list)
                case ("answer", "labels", int(index), "name") | ("answer", "anchors", int(index), "value"):
                    self._add(one.message, self._list, index)
                case ("answer", "max"):
                    self._add(one.message, "maximum")
                case _:
                    pass  # descriptions, which a schema does not hold

    def _add(self, message: str, *steps: str | int, place: Path | None = None) -> None:
        self.problems.append(Problem((*(place or self._place), *steps), message))

    def _keywords(self, schema: Mapping[str, Any], known: Sequence[str], place: Path) -> None:
        for word in schema:
            if word not in known and word not in _NO_MEANING:
                self._add(f"is not supported here; {nearest(word, known)}", word, place=place)

    def _closed(self, schema: Mapping[str, Any], keys: list[str]) -> None:
        """Every property must be answered, and no other."""
        required: object = schema.get("required", keys)
        named = cast("list[object]", required) if isinstance(required, list) else []
        if len(named) != len(keys) or any(key not in named for key in keys):
            self._add(f"must name {', '.join(keys)}: the judge answers all of them", "required")
        if schema.get("additionalProperties", False) is not False:
            self._add("must be false: the judge adds nothing", "additionalProperties")

    def _explanation(self, schema: Any) -> None:
        place = (ROOT, "properties", "explanation")
        if schema is None:
            return
        given = cast("dict[str, Any]", schema) if isinstance(schema, dict) else {}
        told = given.get("description", EXPLANATION["description"])
        if given.get("type") != "string" or told != EXPLANATION["description"] or not {*given} <= _TEXT:
            self._add(
                "always is a text that the judge is asked for in these words; change it back, and write "
                "what the explanation should say into the rubric",
                place=place,
            )

    def _claims(self, schema: Any) -> Answer | None:
        known = self._known if self._known.type == "score" else Answer(type="score")
        answer = known.model_copy(update={"method": "claims"})
        if schema == schema_of(answer)["properties"]["claims"]:
            return answer
        self._add(
            "are counted in code and stay as they are; change them back, or write a score instead",
        )
        return None

    def _value(self, schema: Mapping[str, Any], key: str | None) -> Answer | None:
        """The value's own schema; without a key any kind of value can be meant."""
        self._keywords(schema, _VALUE, self._place)
        listed = self._listed(schema)
        kind = schema.get("type")
        self._described(schema)
        if listed is not None:
            return self._choice(listed, key, kind)
        match kind:
            case "boolean" if self._is(key, "boolean"):
                return self._meanings()
            case "number" if self._is(key, "score"):
                return self._number(schema)
            case "boolean" | "number":
                return None
            case "integer":
                self._add(
                    "integer is not supported; write “number”, or the points of the scale: "
                    'enum: ["1", "2", "3"]',
                    "type",
                )
            case "string":
                self._add("a text of any kind is no answer; add enum with the labels", "type")
            case None:
                self._add(f"says nothing about the value; supported are {_SUPPORTED}")
            case _:
                words = kind if isinstance(kind, str) else "a list of types" if kind else "this"
                self._add(f"“{words}” is no type of a value; {nearest(words, _TYPES)}", "type")
        return None

    def _is(self, key: str | None, kind: Kind) -> bool:
        """Whether a value of this kind may have this name."""
        if key is None or KEYS[key] == kind:
            return True
        wanted = next(name for name, one in KEYS.items() if one == kind)
        self._add(f"a {kind} is called “{wanted}”; rename it")
        return False

    def _described(self, schema: Mapping[str, Any]) -> None:
        told: object = schema.get("description", "")
        if told and not (isinstance(told, str) and _RANGE.fullmatch(told)):
            self._add("has no place in the answer format; write it into the rubric", "description")

    def _listed(self, schema: Mapping[str, Any]) -> list[tuple[Any, str]] | None:
        """Values with their descriptions; `None` when they are not listed."""
        if "oneOf" in schema and "enum" not in schema:
            self._list = "oneOf"
            return self._constants(schema["oneOf"])
        if "enum" not in schema:
            return None
        values: object = schema["enum"]
        if not isinstance(values, list):
            self._add("must be a list of the values", "enum")
            return []
        return [(value, "") for value in cast("list[Any]", values)]

    def _constants(self, listed: object) -> list[tuple[Any, str]]:
        """`oneOf` with `const` and `description`: the usual way to describe the values of an enum."""
        found: list[tuple[Any, str]] = []
        entries = cast("list[object]", listed) if isinstance(listed, list) else [None]
        for index, one in enumerate(entries):
            entry = cast("dict[str, Any]", one) if isinstance(one, dict) else {}
            told = entry.get("description", entry.get("title", ""))
            if "const" not in entry or not isinstance(told, str) or not {*entry} <= _CONSTANT:
                self._add("must be {const: …, description: …}", "oneOf", index)
            else:
                found.append((entry["const"], told))
        return found

    def _choice(self, listed: list[tuple[Any, str]], key: str | None, kind: object) -> Answer | None:
        values = [value for value, _ in listed]
        if self.problems:
            return None
        if values and all(isinstance(value, bool) for value in values) and len(set(values)) == len(_BOTH):
            return self._meanings() if self._is(key, "boolean") else None
        numbers = [number_of(value) for value in values]
        points = key == "score" or (key is None and all(not isinstance(value, str) for value in values))
        for index, value in enumerate(values):
            if points and numbers[index] is None:
                self._add("must be a number, or a number as a text", self._list, index)
            elif not points and not isinstance(value, str):
                self._add("must be a text", self._list, index)
        if kind not in (None, "string", *(("number",) if points else ())):
            self._add("does not fit the values listed; write “string”", "type")
        if self.problems:
            return None
        if points:
            return points_of(
                [
                    (number, told)
                    for number, (_, told) in zip(numbers, listed, strict=True)
                    if number is not None
                ],
                self._known,
            )
        return labels_of(listed, self._known) if self._is(key, "category") else None

    def _meanings(self) -> Answer:
        known = self._known
        return Answer(type="boolean", when_true=known.when_true, when_false=known.when_false)

    def _number(self, schema: Mapping[str, Any]) -> Answer | None:
        told = _RANGE.fullmatch(str(schema.get("description", "")))
        bounds: list[float] = []
        for index, word in enumerate(("minimum", "maximum")):
            given = schema.get(
                word, told[index + 1] if told and not {"minimum", "maximum"} & {*schema} else None
            )
            number = number_of(given)
            if number is None or (word in schema and isinstance(given, str)):
                self._add("must be a number: the end of the score's range, included", word)
            else:
                bounds.append(number)
        return None if self.problems else Answer(type="score", min=bounds[0], max=bounds[1])


_TEXT = frozenset({"type", "description", "title"})
_CONSTANT = frozenset({"const", "description", "title", "type"})
_BOTH = (True, False)


def _names() -> str:
    return "label (an enum of texts), value (a boolean) or score (a number)"
