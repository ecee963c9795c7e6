"""How many tokens a call will take, before it is made: learnt from the calls before it."""

from spanjudge.judging.models.model import JudgeRequest
from spanjudge.judging.usage import Usage

_TOKENS_A_CHARACTER = 1 / 3.5
_ANSWER = 400
_NEW = 1 / 8
"""How much the latest call counts against those before it."""

UNCOUNTED_WHEN_CACHED = frozenset({"anthropic", "bedrock", "groq"})
"""Providers whose limits do not count input read from the prompt cache.

Sources: https://docs.anthropic.com/en/api/rate-limits, https://console.groq.com/docs/rate-limits,
https://docs.aws.amazon.com/bedrock/latest/userguide/quotas-token-burndown.html. The others count it in full.
"""


class TokenEstimate:
    """Of one judge model. The texts of an application are much alike, so a few calls are enough to learn."""

    def __init__(self, provider: str) -> None:
        """Starts with what is usual for English."""
        self._cached_is_free = provider in UNCOUNTED_WHEN_CACHED
        self._each = _TOKENS_A_CHARACTER
        self._answer: float | None = None

    def of(self, request: JudgeRequest) -> int:
        """Tokens that the provider will count."""
        answer = min(_ANSWER, request.max_output_tokens) if self._answer is None else self._answer
        return int(_characters(request) * self._each + answer) + 1

    def counted(self, usage: Usage) -> int:
        """Tokens that the provider did count."""
        read = usage.input - (usage.cached if self._cached_is_free else 0)
        return max(0, read) + usage.output

    def learn(self, request: JudgeRequest, usage: Usage) -> None:
        """What a call took."""
        characters = _characters(request)
        if characters and usage.input:
            read = self.counted(usage) - usage.output
            self._each += (read / characters - self._each) * _NEW
        known = self._answer
        self._answer = usage.output if known is None else known + (usage.output - known) * _NEW


def _characters(request: JudgeRequest) -> int:
    return len(request.system) + len(request.subject) + len(request.question)
