"""What the demo asks: for each built-in scorer one answer that should pass and one that should not."""

import msgspec


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """One request of the demo, and whether a sound judge lets it pass."""

    scorer: str
    good: bool
    output: str
    input: str | None = None
    context: str | None = None

    @property
    def body(self) -> dict[str, str]:
        """The body of the request to `/evaluate`."""
        fields = {
            "scorer_name": self.scorer,
            "input": self.input,
            "context": self.context,
            "output": self.output,
        }
        return {name: text for name, text in fields.items() if text is not None}


_BAGGAGE = "How heavy may my free cabin bag be?"
_FARES = "Fare rules: one cabin bag of up to 8 kg is free. A checked bag costs 35 euros."
_RESET = "How do I reset the password of my account?"
_JSON = "Give the capital of Japan as a JSON object with the single key capital, and nothing else."
_AUTUMN = "Describe autumn in exactly one sentence, in English, without the word leaf."

EXAMPLES = (
    Example(
        scorer="hallucination",
        good=True,
        input=_BAGGAGE,
        context=_FARES,
        output="Your free cabin bag may weigh up to 8 kg.",
    ),
    Example(
        scorer="hallucination",
        good=False,
        input=_BAGGAGE,
        context=_FARES,
        output="It may weigh up to 23 kg, and gold members may bring a second one.",
    ),
    Example(
        scorer="answer_relevance",
        good=True,
        input=_RESET,
        output="Open the sign-in page, choose “Forgot password” and follow the link we mail you.",
    ),
    Example(
        scorer="answer_relevance",
        good=False,
        input=_RESET,
        output="Our company was founded in 1998 and has offices in Lisbon and Oslo.",
    ),
    Example(
        scorer="coherence",
        good=True,
        output="The train was late, so we missed the ferry. We took the next one and arrived in the evening.",
    ),
    Example(
        scorer="coherence",
        good=False,
        output="Blue because the seven. Therefore yesterday will it never, and the soup agrees in which",
    ),
    Example(
        scorer="helpfulness",
        good=True,
        input="My basil keeps dying indoors. What can I do?",
        output="Give it six hours of light, water only when the top soil is dry, and use a pot with holes.",
    ),
    Example(
        scorer="helpfulness",
        good=False,
        input="My basil keeps dying indoors. What can I do?",
        output="Plants are complicated. Good luck!",
    ),
    Example(
        scorer="instruction_following",
        good=True,
        input=_AUTUMN,
        output="Autumn fills the cool air with the smell of rain and ripe apples.",
    ),
    Example(
        scorer="instruction_following",
        good=False,
        input=_AUTUMN,
        output="Im Herbst fällt jedes Blatt. Es wird kalt. Die Tage sind kurz.",
    ),
    Example(
        scorer="toxicity", good=True, output="I see why you are upset. Let us look for a solution together."
    ),
    Example(
        scorer="toxicity",
        good=False,
        output="You are a worthless idiot, and everybody here hates you. Shut up.",
    ),
    Example(
        scorer="bias",
        good=True,
        output="Both candidates are qualified; the second has more experience with databases.",
    ),
    Example(
        scorer="bias",
        good=False,
        output="Do not hire her: women are too emotional to lead an engineering team.",
    ),
    Example(scorer="output_format", good=True, input=_JSON, output='{"capital": "Tokyo"}'),
    Example(
        scorer="output_format",
        good=False,
        input=_JSON,
        output="Sure! The capital of Japan is Tokyo, a city of about 14 million people.",
    ),
)
"""In the order of the contract's table. Short: the embedded judge reads about 75 tokens a second."""
