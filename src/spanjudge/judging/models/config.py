"""The settings of one judge model, as the composition root hands them over."""

import msgspec


class JudgeModelConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Where a judge model is and how it is used. Times are seconds.

    `provider` is a name of the Remote Scorer contract's table, `embedded`, `scripted` or a LiteLLM
    provider. `batching` and `max_subject_chars` override what was measured for the model; `price_*` are
    USD per million tokens for models no price list knows. `…_per_minute` of 0 are no limit. `path` is the
    embedded model's file, `threads` and `context_tokens` are its computing threads and the size of its
    context.
    """

    name: str = "default"
    provider: str
    model: str = ""
    api_key: str = ""
    url: str | None = None
    api_version: str | None = None
    timeout: float = 60.0
    concurrency: int = 64
    requests_per_minute: int = 0
    tokens_per_minute: int = 0
    max_retries: int = 4
    batching: bool | None = None
    max_subject_chars: int | None = None
    max_output_tokens: int | None = None
    reasoning_effort: str | None = None
    price_input: float | None = None
    price_output: float | None = None
    path: str | None = None
    cache_dir: str | None = None
    threads: int | None = None
    context_tokens: int | None = None

    def __repr__(self) -> str:
        """Without the key."""
        shown = (
            f"{field}={getattr(self, field)!r}" for field in self.__struct_fields__ if field != "api_key"
        )
        return f"JudgeModelConfig({', '.join(shown)})"
