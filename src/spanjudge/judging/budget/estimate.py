"""How many tokens judging a subject will take, before it is done: a little more rather than less."""

from collections.abc import Mapping, Sequence

from spanjudge.evaluators.answer_format import Score
from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.judging.compose import MOST_CRITERIA
from spanjudge.judging.models.model import Traits
from spanjudge.judging.subject import Subject
from spanjudge.judging.usage import Usage
from spanjudge.spans.messages import call_text, part_text
from spanjudge.spans.parts import as_json

_BYTES_A_TOKEN = 3.5
"""UTF-8 bytes; English has a good four, JSON and code three, most other scripts three to four."""

_CALL = 700
"""Tokens of every call: the judge's policy and the answer's shape."""

_CRITERION = 90
_ANSWER = 140
_ANSWER_WITH_CLAIMS = 800


def expected_usage(subject: Subject, evaluators: Sequence[Evaluator], traits: Traits) -> Mapping[str, Usage]:
    """By the evaluator's name: its own part, and its share of the calls it is asked in."""
    if not evaluators:
        return {}
    material = min(subject_bytes(subject), traits.max_subject_chars) / _BYTES_A_TOKEN
    rubrics = [evaluator for evaluator in evaluators if evaluator.prompt is None]
    share = 1.0
    if traits.batches and not traits.small and rubrics:
        share = -(-len(rubrics) // MOST_CRITERIA) / len(rubrics)
    return {
        evaluator.name: Usage(
            input=int((material + _CALL) * (share if evaluator.prompt is None else 1.0))
            + _own_tokens(evaluator),
            output=_answer_tokens(evaluator),
        )
        for evaluator in evaluators
    }


def subject_bytes(subject: Subject) -> int:
    """About how many bytes a judge is shown."""
    texts = (subject.system_prompt, subject.input, subject.output, subject.expected)
    return (
        sum(_bytes(text) for text in texts if text)
        + sum(_bytes(part_text(part)) for message in subject.messages for part in message.parts)
        + sum(_bytes(document.content) for document in subject.context)
        + sum(_bytes(call_text(call)) for call in subject.tool_calls)
        + sum(
            _bytes(tool.name) + _bytes(tool.description) + _bytes(as_json(tool.parameters, indent=None))
            for tool in subject.tools
        )
    )


def tokens_of(text: str) -> int:
    """About how many tokens a text is."""
    return int(_bytes(text) / _BYTES_A_TOKEN)


def _own_tokens(evaluator: Evaluator) -> int:
    texts = (evaluator.description, evaluator.rubric or "")
    if evaluator.prompt is not None:
        texts = (evaluator.prompt.system, evaluator.prompt.user)
    return _CRITERION + int(sum(map(_bytes, texts)) / _BYTES_A_TOKEN)


def _answer_tokens(evaluator: Evaluator) -> int:
    claims = isinstance(evaluator.answer, Score) and evaluator.answer.method == "claims"
    return _ANSWER_WITH_CLAIMS if claims else _ANSWER


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
