"""The prompt as tokens, in the model's own chat format.

Only the chat format's own marks become control tokens. What the system text, the subject and the question
hold is read as plain text, so a subject that spells `<|im_end|>` stays inside its message.
"""

from collections import OrderedDict

from spanjudge.judging.models.embedded.engine import EmbeddedEngine
from spanjudge.judging.models.model import JudgeModelError, JudgeRequest

_SYSTEM, _QUESTION = "{the system text}", "{the question}"
_REMEMBERED = 64
_GAP = "\n\n"


class ChatFormat:
    """Turns a question into tokens for one loaded model."""

    def __init__(self, engine: EmbeddedEngine) -> None:
        """The model's format is read at the first question."""
        self.engine = engine
        self._marks: tuple[list[int], list[int], list[int]] | None = None
        self._known: OrderedDict[str, list[int]] = OrderedDict()

    async def tokens(self, request: JudgeRequest) -> list[int]:
        """The whole prompt, up to where the model's answer begins; equal pieces give equal prefixes."""
        before, between, after = self._marks or await self._read_marks()
        prompt = [*before, *await self.text(request.system), *between]
        if request.subject:
            prompt += await self.text(request.subject + _GAP)
        return [*prompt, *await self.text(request.question), *after]

    async def text(self, text: str) -> list[int]:
        """Tokens of plain text, remembered for the pieces that come again."""
        known = self._known.get(text)
        if known is None:
            known = await self._tokenize(text, special=False)
            self._known[text] = known
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        else:
            self._known.move_to_end(text)
        return known

    async def written(self, text: str) -> list[int]:
        """Tokens of the answer so far, which never comes again."""
        return await self._tokenize(text, special=False)

    async def _tokenize(self, text: str, *, special: bool, start: bool = False) -> list[int]:
        if not text:
            return []
        whole = text.encode(errors="replace").decode()  # half surrogates are no characters
        body = {"content": whole, "add_special": start, "parse_special": special}
        answer = await self.engine.ask("/tokenize", body)
        tokens: list[int] = answer["tokens"]
        return tokens

    async def _read_marks(self) -> tuple[list[int], list[int], list[int]]:
        """Fill the model's chat template once and keep what stands around the pieces."""
        before, between, after = await self._template()
        self._marks = (
            await self._tokenize(before, special=True, start=True),
            await self._tokenize(between, special=True),
            await self._tokenize(after, special=True),
        )
        return self._marks

    async def _template(self) -> tuple[str, str, str]:
        system, user = {"role": "system", "content": _SYSTEM}, {"role": "user", "content": _QUESTION}
        joined = {"role": "user", "content": f"{_SYSTEM}{_GAP}{_QUESTION}"}
        for messages in ([system, user], [joined]):  # some formats know no system message
            try:
                answer = await self.engine.ask("/apply-template", {"messages": messages})
            except JudgeModelError as error:
                if error.code != "internal":
                    raise
                continue
            before, found, rest = str(answer["prompt"]).partition(_SYSTEM)
            between, found_too, after = rest.partition(_QUESTION)
            if found and found_too:
                return before, between, after
        raise JudgeModelError(
            "judge_model_unknown", "the embedded model's file holds no chat template that can be used"
        )
