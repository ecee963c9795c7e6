"""Who ran the model, in OpenTelemetry's words, and which framework put its own name there."""

from collections.abc import Mapping
from typing import Any

from spanjudge.spans.json_text import as_name

_KEYS = (
    "gen_ai.provider.name",
    "gen_ai.system",
    "llm.provider",
    "llm.system",
    "ai.model.provider",
    "langsmith.metadata.ls_provider",
    "mlflow.llm.provider",
)

_CALLS = frozenset(_KEYS[:4])
"""Which of them are about this very call; the others a framework writes on plumbing too."""

FRAMEWORKS = frozenset(
    {
        "ag2",
        "agno",
        "autogen",
        "crewai",
        "dspy",
        "gcp.vertex.agent",
        "google_adk",
        "haystack",
        "langchain",
        "langgraph",
        "llama_index",
        "llamaindex",
        "microsoft.agent_framework",
        "openai_agents",
        "pydantic-ai",
        "pydantic_ai",
        "semantic_kernel",
        "smolagents",
        "spring_ai",
        "strands-agents",
        "vercel",
    }
)
"""What the provider attribute holds where a framework thought of itself."""

_NAMES = {
    "google": "gcp.gemini",
    "gemini": "gcp.gemini",
    "google.generative-ai": "gcp.gemini",
    "google_genai": "gcp.gemini",
    "google-genai": "gcp.gemini",
    "google_ai_studio": "gcp.gemini",
    "google-gla": "gcp.gemini",
    "google.vertex": "gcp.vertex_ai",
    "google-vertex": "gcp.vertex_ai",
    "google_vertexai": "gcp.vertex_ai",
    "vertexai": "gcp.vertex_ai",
    "vertex_ai": "gcp.vertex_ai",
    "vertex": "gcp.vertex_ai",
    "amazon-bedrock": "aws.bedrock",
    "amazon_bedrock": "aws.bedrock",
    "bedrock": "aws.bedrock",
    "bedrock_converse": "aws.bedrock",
    "aws": "aws.bedrock",
    "azure": "azure.ai.openai",
    "azure_openai": "azure.ai.openai",
    "azure-openai": "azure.ai.openai",
    "azure_ai": "azure.ai.inference",
    "mistral": "mistral_ai",
    "mistralai": "mistral_ai",
    "xai": "x_ai",
    "moonshot": "moonshot_ai",
    "moonshotai": "moonshot_ai",
    "watsonx": "ibm.watsonx.ai",
    "ibm_watsonx": "ibm.watsonx.ai",
    "watsonx.ai": "ibm.watsonx.ai",
}
_PREFIXES = (
    ("google.vertex.", "gcp.vertex_ai"),
    ("google-vertex.", "gcp.vertex_ai"),
    ("google.", "gcp.gemini"),
    ("azure-openai.", "azure.ai.openai"),
    ("azure.openai.", "azure.ai.openai"),
    ("amazon-bedrock.", "aws.bedrock"),
    ("openai.", "openai"),
    ("anthropic.", "anthropic"),
    ("mistral.", "mistral_ai"),
    ("xai.", "x_ai"),
    ("cohere.", "cohere"),
    ("groq.", "groq"),
    ("deepseek.", "deepseek"),
    ("perplexity.", "perplexity"),
)
"""The Vercel AI SDK writes the kind of model behind the provider: `openai.chat`."""

_MODELS = (
    ("gemini", "gcp.gemini"),
    ("gpt-", "openai"),
    ("o1", "openai"),
    ("o3", "openai"),
    ("o4", "openai"),
    ("claude", "anthropic"),
    ("mistral", "mistral_ai"),
    ("deepseek", "deepseek"),
    ("grok", "x_ai"),
    ("command-", "cohere"),
)


def provider_of(attributes: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Provider and framework; either is `None` when no attribute names one."""
    framework = None
    for key in _KEYS:
        if framework and key not in _CALLS:
            break
        value = attributes.get(key)
        if value is None or not (name := as_name(value)):
            continue
        provider = provider_name(name)
        if provider not in FRAMEWORKS:
            return (provider if provider != "unknown" else None), framework
        framework = framework or provider
    if framework == "gcp.vertex.agent":
        return guessed(as_name(attributes.get("gen_ai.request.model")) or ""), framework
    return None, framework


def provider_name(written: str) -> str:
    """OpenTelemetry's word for a provider, however it is written; an unknown one in lower case."""
    name = written.lower()
    if name in _NAMES:
        return _NAMES[name]
    if "." not in name:
        return name
    if name.startswith("az.ai."):
        return f"azure.ai.{name[6:]}"
    return next((provider for prefix, provider in _PREFIXES if name.startswith(prefix)), name)


def guessed(model: str) -> str | None:
    """The provider a model's name tells of (`openai/gpt-4o`, `gemini-2.0-flash`); `None` for others."""
    before, slash, name = model.lower().partition("/")
    if slash and before != "models":
        return provider_name(before)
    name = name if slash else before
    return next((provider for start, provider in _MODELS if name.startswith(start)), None)
