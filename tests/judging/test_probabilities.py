import math

import pytest

from spanjudge.evaluators.answer_format import Anchor, Boolean, Category, Label, Score
from spanjudge.judging import probabilities
from spanjudge.judging.answer import Asked, Reading
from spanjudge.judging.compose import Question, question
from spanjudge.judging.form import Form, Value, form_of
from spanjudge.judging.models.model import JudgeReply, TokenAlternatives
from spanjudge.judging.subject import Subject
from tests.judging.evaluators import LEVELS, POLITE, QUALITY, TOPIC

Top = dict[str, float]


def token(text: str, top: Top | None = None) -> TokenAlternatives:
    spread = top or {text: 1.0}
    logs = {word: math.log(p) if p > 0 else -1000.0 for word, p in spread.items()}
    return TokenAlternatives(text, logs.get(text, -20.0), tuple(logs.items()))


def reply(*pieces: str | tuple[str, Top]) -> JudgeReply:
    tokens = tuple(token(piece) if isinstance(piece, str) else token(*piece) for piece in pieces)
    return JudgeReply(text="".join(t.token for t in tokens), model="m", tokens=tokens)


def weighed(said: JudgeReply, form: Form, value: Value) -> Reading:
    return probabilities.weigh(said, Asked("", form), Reading(value, ""))


def form(*names: str) -> Form:
    return form_of(Category(labels=tuple(map(Label, names))))


def confidence(said: JudgeReply, form: Form, value: Value) -> float | None:
    found = weighed(said, form, value).confidence
    return None if found is None else round(found, 4)


def test_the_probability_of_a_label_of_one_token() -> None:
    said = reply('{"label":', ' "', ("low", {"low": 0.7, "medium": 0.2, "high": 0.1}), '"}')
    assert confidence(said, form("low", "medium", "high"), "low") == 0.7


def test_tokens_that_hold_the_quotation_mark_or_a_blank() -> None:
    said = reply('{"label":', (' "low', {' "low': 0.6, ' "high': 0.3, " maybe": 0.1}), '"}')
    assert confidence(said, form("low", "high"), "low") == 0.6667


def test_what_fits_no_label_does_not_count() -> None:
    said = reply('{"label": "', ("low", {"low": 0.5, "foo": 0.25, "LOW": 0.25}), '"}')
    assert confidence(said, form("low", "high"), "low") == 1.0


def test_labels_in_several_tokens_that_share_a_beginning() -> None:
    said = reply(
        '{"label": "',
        ("Not", {"Not": 0.8, "Tox": 0.2}),
        (" Tox", {" Tox": 0.75, " Sure": 0.25}),
        "ic",
        '"}',
    )
    labels = form("Not Toxic", "Not Sure", "Toxic")
    assert confidence(said, labels, "Not Toxic") == 0.6
    spread = probabilities.spread(said, Asked("", labels), "Not Toxic")
    assert spread is not None
    assert {text: round(share, 4) for text, share in spread.shares.items()} == {
        '"Not Toxic"': 0.6,
        '"Not Sure"': 0.2,
        '"Toxic"': 0.2,
    }


def test_a_label_that_is_the_beginning_of_another() -> None:
    said = reply('{"label": "', ("ok", {"ok": 0.9, "bad": 0.1}), ('"}', {'"}': 0.5, "ay": 0.5}))
    assert confidence(said, form("ok", "okay", "bad"), "ok") == 0.45


def test_booleans() -> None:
    said = reply('{"value":', (" true", {" true": 0.85, " false": 0.15}), "}")
    assert confidence(said, form_of(Boolean()), value=True) == 0.85


SCALE = form_of(Score(anchors=tuple(Anchor(n / 4, "") for n in range(5))))


def test_a_level_becomes_the_expectation() -> None:
    said = reply(
        '{"score": "',
        ("0", {"0": 1.0}),
        (".", {".": 0.8, '"': 0.2}),
        ("5", {"5": 0.5, "25": 0.25, "75": 0.25}),
        '"}',
    )
    assert weighed(said, SCALE, 0.5) == Reading(0.4, "", confidence=pytest.approx(0.4))  # type: ignore[arg-type]


def test_a_level_the_judge_is_sure_of_stands() -> None:
    said = reply('{"score": "0', ".", ("5", {"5": 0.95, "25": 0.05}), '"}')
    assert weighed(said, SCALE, 0.5).value == 0.5


def test_no_expectation_where_too_much_cannot_be_told() -> None:
    said = reply('{"score": "', ("1", {"1": 0.6, "0": 0.4}), '"}')
    assert weighed(said, SCALE, 1.0) == Reading(1.0, "", confidence=pytest.approx(0.6))  # type: ignore[arg-type]


def test_a_little_that_cannot_be_told_is_left_out() -> None:
    tens = form_of(
        Score(min=0, max=20, anchors=(Anchor(0, ""), Anchor(5, ""), Anchor(10, ""), Anchor(11, "")))
    )
    said = reply('{"score": "', ("5", {"5": 0.75, "0": 0.2, "1": 0.05}), '"}')
    found = weighed(said, tens, 5.0)
    assert found.value == pytest.approx(5 * 0.75 / 0.95, abs=1e-4)
    assert found.confidence == pytest.approx(0.75)


@pytest.mark.parametrize(
    "said",
    [
        JudgeReply(text='{"label": "low"}', model="m"),
        JudgeReply(text='{"label": "low"}', model="m", tokens=(token("something else"),)),
        JudgeReply(text='{"label": "low"}', model="m", tokens=(token('{"label": "lo'),)),
        JudgeReply(text="<label>low</label>", model="m", tokens=(token("<label>low</label>"),)),
        JudgeReply(text='{"label": "LOW"}', model="m", tokens=(token('{"label": "LOW"}'),)),
    ],
    ids=["none", "other text", "cut", "tags", "another spelling"],
)
def test_none_when_it_cannot_be_told(said: JudgeReply) -> None:
    assert weighed(said, form("low", "high"), "low") == Reading("low", "")


def test_a_plain_number_has_no_probability() -> None:
    assert weighed(reply('{"score": 7}'), form_of(QUALITY.answer), 7.0) == Reading(7.0, "")


def test_the_key_inside_an_explanation_is_not_the_answer() -> None:
    said = reply(
        '{"explanation": "It says \\"label\\": \\"high\\"", ',
        '"label": "',
        ("low", {"low": 0.9, "high": 0.1}),
        '"}',
    )
    assert confidence(said, form("low", "high"), "low") == 0.9


def test_text_before_and_after_the_reply_is_skipped() -> None:
    said = reply("<think>so</think>\n", '{"label": "', ("low", {"low": 0.9, "high": 0.1}), '"}', "\n")
    stripped = JudgeReply(text='{"label": "low"}', model="m", tokens=said.tokens)
    assert confidence(stripped, form("low", "high"), "low") == 0.9


def test_each_criterion_of_a_batch_has_its_own() -> None:
    asked: Question = question([TOPIC, POLITE, LEVELS])
    said = reply(
        '{"c1": {"explanation": "a", "label": "',
        ("ON", {"ON": 0.9, "OFF": 0.1}),
        '_TOPIC"}, "c2": {"explanation": "b", "value": ',
        ("false", {"false": 0.7, "true": 0.3}),
        '}, "c3": {"explanation": "c", "score": "',
        ("1", {"1": 0.99, "0": 0.01}),
        '"}}',
    )
    found = probabilities.read(said, asked, Subject(output="x"))
    told = [(r.value, round(r.confidence or 0, 4)) for r in found if isinstance(r, Reading)]
    assert told == [("ON_TOPIC", 0.9), (False, 0.7), (1.0, 0.99)]


def test_without_tokens_the_answers_are_as_read() -> None:
    said = JudgeReply(text='{"explanation": "a", "label": "ON_TOPIC"}', model="m")
    assert probabilities.read(said, question([TOPIC]), Subject(output="x")) == [Reading("ON_TOPIC", "a")]
