"""What applications do, before any instrumentation writes it down: conversations, retrieval, agents.

Sizes are heavy-tailed: most texts are short and few are very long, most traces have a handful of spans and
few have forty. The same seed and number give the same trace.
"""

import random
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

Kind = Literal["request", "agent", "chat", "tool", "retrieve", "embed"]
Dialect = Literal["genai", "genai_events", "openinference", "openllmetry", "vercel"]
Shape = Literal["chat", "rag", "agent"]

MOST_SPANS = 40
LONGEST_TEXT = 60_000
_OPEN_SESSIONS = 200
_CONTINUES, _BEHIND_GATEWAY = 0.6, 0.3
_TOOL_FAILS, _CALL_FAILS = 0.03, 0.01


class Application(NamedTuple):
    """A service of our imagined company."""

    name: str
    dialect: Dialect
    language: str
    shapes: tuple[Shape, ...]
    """What it does; one that stands twice is twice as common."""


APPLICATIONS = (
    Application("support-bot", "genai", "python", ("chat", "chat", "rag")),
    Application("docs-search", "openinference", "python", ("rag",)),
    Application("travel-desk", "genai", "python", ("agent",)),
    Application("checkout-assistant", "openllmetry", "python", ("chat", "agent")),
    Application("web-chat", "vercel", "nodejs", ("chat",)),
    Application("code-review", "genai_events", "python", ("chat", "rag")),
)
GATEWAY = Application("gateway", "genai", "go", ())
"""Where some requests come in; its spans are about HTTP alone."""

_MODELS = ("gpt-5.4-mini", "gpt-5.4", "claude-haiku-4-5", "gemini-3.5-flash", "mistral-small-latest")
_TOOLS = ("search_flights", "get_order", "run_sql", "read_file", "send_email", "web_search")
_SYLLABLES = (
    "ra",
    "ten",
    "mi",
    "lo",
    "ver",
    "cho",
    "sen",
    "ta",
    "di",
    "pro",
    "el",
    "ga",
    "un",
    "ser",
    "ka",
    "on",
)


class Step(NamedTuple):
    """One span to be. Times are seconds after the trace's start; `text` and `answer` what went in and out."""

    place: int
    parent: int | None
    kind: Kind
    application: Application
    start: float
    seconds: float
    text: str = ""
    answer: str = ""
    system: str = ""
    documents: tuple[str, ...] = ()
    tool: str = ""
    failed: bool = False

    @property
    def end(self) -> float:
        """Seconds after the trace's start."""
        return self.start + self.seconds


class Trace(NamedTuple):
    """A trace to be."""

    number: int
    trace_id: bytes
    session: str
    model: str
    steps: tuple[Step, ...]


class Words:
    """Text of any length, cut out of one that was made once: cheap, and as compressible as prose."""

    def __init__(self, chance: random.Random) -> None:
        """`chance` decides about the words."""
        vocabulary = ["".join(chance.choices(_SYLLABLES, k=chance.randint(1, 4))) for _ in range(4_000)]
        often = [1 / (rank + 1) for rank in range(len(vocabulary))]
        words = chance.choices(vocabulary, often, k=120_000)
        self._all = " ".join(word + ("." if index % 13 == 0 else "") for index, word in enumerate(words))

    def cut(self, chance: random.Random, median: int, spread: float = 1.0) -> str:
        """A text whose length is log-normal about `median` characters; `spread` is that of its logarithm."""
        length = min(LONGEST_TEXT, max(4, int(median * chance.lognormvariate(0, spread))))
        start = chance.randrange(len(self._all) - length)
        return self._all[start : start + length].strip()


class Traces:
    """Traces by their number, in order; sessions go on from trace to trace."""

    def __init__(self, seed: int) -> None:
        """The same seed gives the same traces."""
        self._chance = random.Random(f"traces {seed}")  # noqa: S311 - the same again each time
        self._words = Words(self._chance)
        self._sessions: list[str] = []
        self._number = 0

    def __iter__(self) -> Iterator[Trace]:
        """Without end."""
        while True:
            yield self.another()

    def another(self) -> Trace:
        """The next one."""
        chance = self._chance
        number, self._number = self._number, self._number + 1
        application = chance.choice(APPLICATIONS)
        making = _Making(chance, self._words, application)
        is_behind = chance.random() < _BEHIND_GATEWAY
        root = making.add("request", None, 0, GATEWAY) if is_behind else None
        shape = chance.choice(application.shapes)
        if shape == "chat":
            making.chat(root)
        elif shape == "rag":
            making.rag(root)
        else:
            making.agent(root)
        return Trace(
            number=number,
            trace_id=chance.randbytes(16),
            session=self._session(),
            model=chance.choice(_MODELS),
            steps=tuple(making.ended()),
        )

    def _session(self) -> str:
        """One that is under way, or a new one."""
        if self._sessions and self._chance.random() < _CONTINUES:
            return self._chance.choice(self._sessions)
        name = f"session-{self._chance.getrandbits(48):012x}"
        self._sessions.append(name)
        if len(self._sessions) > _OPEN_SESSIONS:
            self._sessions.pop(self._chance.randrange(_OPEN_SESSIONS))
        return name


class _Making:
    """A trace that is being put together."""

    def __init__(self, chance: random.Random, words: Words, application: Application) -> None:
        self.chance, self.words, self.application = chance, words, application
        self.steps: list[Step] = []
        self.now = 0.002

    def add(
        self,
        kind: Kind,
        parent: int | None,
        seconds: float,
        application: Application | None = None,
        **said: Any,
    ) -> int:
        """A step that begins now; its place."""
        place = len(self.steps)
        fields: dict[str, Any] = {
            "place": place,
            "parent": parent,
            "kind": kind,
            "application": application or self.application,
            "start": self.now,
            "seconds": seconds,
        }
        self.steps.append(Step(**{**fields, **said}))
        return place

    def leaf(self, kind: Kind, parent: int | None, median_seconds: float, **said: Any) -> None:
        """A step during which nothing else happens."""
        seconds = median_seconds * self.chance.lognormvariate(0, 0.7)
        self.add(kind, parent, seconds, **said)
        self.now += seconds + 0.001

    def call(self, parent: int | None, **said: Any) -> None:
        """A call of a model."""
        fails = self.chance.random() < _CALL_FAILS
        texts: dict[str, Any] = {
            "system": self.words.cut(self.chance, 500, 0.8),
            "text": self.words.cut(self.chance, 250, 1.3),
            "answer": "" if fails else self.words.cut(self.chance, 350, 1.1),
            "failed": fails,
        }
        self.leaf("chat", parent, 1.2, **{**texts, **said})

    def chat(self, parent: int | None) -> None:
        """A turn of a conversation: one call, sometimes another that names or checks it."""
        for _ in range(1 + (self.chance.random() < 0.25)):  # noqa: PLR2004 - a share of our making
            self.call(parent)

    def rag(self, parent: int | None) -> None:
        """A question that is looked up: embedding, retrieval, the call that has the documents."""
        top = self.add("agent", parent, 0, text=self.words.cut(self.chance, 120, 0.7))
        question = self.steps[top].text
        documents = tuple(self.words.cut(self.chance, 700, 0.8) for _ in range(self.chance.randint(2, 8)))
        self.leaf("embed", top, 0.08, text=question)
        self.leaf("retrieve", top, 0.15, text=question, documents=documents)
        self.call(top, text=f"{question}\n\nContext:\n" + "\n\n".join(documents))

    def agent(self, parent: int | None) -> None:
        """Rounds of thinking and using tools, as many as it takes; few traces are long."""
        top = self.add("agent", parent, 0, text=self.words.cut(self.chance, 200, 1.0))
        rounds = max(1, int(self.chance.lognormvariate(1.0, 0.8)))
        for _ in range(rounds):
            if len(self.steps) > MOST_SPANS - 4:
                break
            self.call(top)
            for _ in range(self.chance.randint(1, 2)):
                fails = self.chance.random() < _TOOL_FAILS
                self.leaf(
                    "tool",
                    top,
                    0.3,
                    tool=self.chance.choice(_TOOLS),
                    text=self.words.cut(self.chance, 60, 0.6),
                    answer="" if fails else self.words.cut(self.chance, 400, 1.4),
                    failed=fails,
                )
        self.call(top)

    def ended(self) -> Iterator[Step]:
        """The steps; what holds others ends after them and says what the last call said."""
        for step in self.steps:
            if step.kind in ("request", "agent"):
                answer = self.steps[-1].answer if step.kind == "agent" else ""
                yield step._replace(seconds=self.now - step.start + 0.001, answer=answer)
            else:
                yield step
