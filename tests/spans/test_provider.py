"""Providers in OpenTelemetry's words; frameworks are none."""

import pytest

from spanjudge.spans.provider import FRAMEWORKS, provider_name, provider_of


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("openai", "openai"),
        ("OpenAI", "openai"),
        ("openai.chat", "openai"),
        ("openai.responses", "openai"),
        ("azure-openai.chat", "azure.ai.openai"),
        ("Azure", "azure.ai.openai"),
        ("az.ai.inference", "azure.ai.inference"),
        ("az.ai.openai", "azure.ai.openai"),
        ("google", "gcp.gemini"),
        ("gemini", "gcp.gemini"),
        ("google.generative-ai", "gcp.gemini"),
        ("google-vertex", "gcp.vertex_ai"),
        ("google.vertex.chat", "gcp.vertex_ai"),
        ("VertexAI", "gcp.vertex_ai"),
        ("amazon-bedrock", "aws.bedrock"),
        ("AWS", "aws.bedrock"),
        ("Anthropic", "anthropic"),
        ("anthropic.messages", "anthropic"),
        ("mistralai", "mistral_ai"),
        ("xai", "x_ai"),
        ("gcp.gemini", "gcp.gemini"),
        ("aws.bedrock", "aws.bedrock"),
        ("my.own", "my.own"),
    ],
)
def test_every_spelling_has_one_name(written: str, name: str) -> None:
    assert provider_name(written) == name
    assert provider_of({"gen_ai.system": written}) == (name, None)


@pytest.mark.parametrize("framework", sorted(FRAMEWORKS - {"gcp.vertex.agent"}))
def test_a_framework_is_no_provider(framework: str) -> None:
    attributes = {"gen_ai.provider.name": framework.title(), "gen_ai.request.model": "gpt-4o"}

    assert provider_of(attributes) == (None, framework)


def test_the_provider_behind_a_framework_is_found() -> None:
    assert provider_of({"gen_ai.provider.name": "langchain", "gen_ai.system": "openai"}) == (
        "openai",
        "langchain",
    )


def test_what_a_framework_knows_of_its_models_is_not_the_provider_of_its_own_spans() -> None:
    attributes = {"gen_ai.system": "langchain", "langsmith.metadata.ls_provider": "openai"}

    assert provider_of(attributes) == (None, "langchain")


@pytest.mark.parametrize("nothing", ["", " ", None, 7, [], "unknown"])
def test_nothing_is_no_provider(nothing: object) -> None:
    assert provider_of({"gen_ai.system": nothing}) == (None, None)
