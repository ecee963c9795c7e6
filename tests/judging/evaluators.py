"""One evaluator of every answer format, for the tests of the judge."""

from spanjudge.evaluators.acceptance import Acceptance
from spanjudge.evaluators.answer_format import Anchor, Boolean, Category, Label, Score
from spanjudge.evaluators.evaluator import Evaluator, Prompt, VerdictLabels

TOPIC = Evaluator(
    name="topic",
    description="On topic?",
    rubric="ON_TOPIC when it is about travel.",
    answer=Category(labels=(Label("ON_TOPIC", "about travel"), Label("OFF_TOPIC", "anything else"))),
    acceptance=Acceptance(pass_values=("ON_TOPIC",)),
)
POLITE = Evaluator(
    name="polite",
    rubric="Is it polite?",
    answer=Boolean(when_true="polite", when_false="rude"),
    acceptance=Acceptance(pass_when=True),
    labels=VerdictLabels(pass_="Polite", fail="Rude"),
)
QUALITY = Evaluator(
    name="quality", rubric="How good is it?", answer=Score(min=0, max=10), acceptance=Acceptance(min=5)
)
LEVELS = Evaluator(
    name="levels",
    rubric="How clear is it?",
    answer=Score(anchors=(Anchor(0, "not"), Anchor(0.25, "hardly"), Anchor(0.5, "half"), Anchor(1, "fully"))),
    acceptance=Acceptance(min=0.5),
)
CLAIMS = Evaluator(
    name="claims",
    rubric="Is every claim supported?",
    answer=Score(method="claims", anchors=(Anchor(0, "supported"), Anchor(1, "made up"))),
    acceptance=Acceptance(max=0.25),
)
PROMPTED = Evaluator(
    name="prompted",
    prompt=Prompt(
        system="You are a critic of {{tenant}}.", user="Question: {{span.input}}\nAnswer: {{span.output}}"
    ),
    variables={"tenant": "app.tenant"},
    answer=Boolean(),
)
RUBRICS = (TOPIC, POLITE, QUALITY, LEVELS, CLAIMS)
EVERY = (*RUBRICS, PROMPTED)


def numbered(count: int) -> list[Evaluator]:
    """Evaluators that differ by name."""
    return [Evaluator(name=f"e{n}", rubric=f"Number {n}?", answer=Boolean()) for n in range(count)]
