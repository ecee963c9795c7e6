"""The fixture in pytest runs of their own: tests that pass, tests that fail, and that it costs nothing."""

import textwrap

import pytest

pytest_plugins = ["pytester"]


@pytest.fixture(autouse=True)
def no_other_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


APPLICATION = '''
    import json

    import pytest
    from opentelemetry.sdk.trace import TracerProvider

    import spanjudge
    from spanjudge.judging.models.scripted import ScriptedModel


    @spanjudge.evaluator
    def polite(output: str):
        return "please" in output, f"{len(output)} characters"


    @pytest.fixture
    def ask():
        """An application with one model call, and a judge that finds everything at 0."""
        provider = TracerProvider()
        provider.add_span_processor(
            spanjudge.EvaluationSpanProcessor(
                "native(LLMInvocation(bias, answer_relevancy, faithfulness))", judge=ScriptedModel()
            )
        )

        def message(role, text):
            return json.dumps([{"role": role, "parts": [{"type": "text", "content": text}]}])

        def ask(answer):
            attributes = {
                "gen_ai.operation.name": "chat",
                "gen_ai.input.messages": message("user", "Where is it?"),
                "gen_ai.output.messages": message("assistant", answer),
            }
            with provider.get_tracer("application").start_as_current_span("chat", attributes=attributes):
                pass

        yield ask
        provider.shutdown()

'''


def run(pytester: pytest.Pytester, tests: str) -> pytest.RunResult:
    pytester.makepyfile(textwrap.dedent(APPLICATION) + textwrap.dedent(tests))
    return alone(pytester, "-W", "error")


def alone(pytester: pytest.Pytester, *options: str) -> pytest.RunResult:
    """Run pytest with our plugin, found by its entry point, and no other that happens to be installed."""
    return pytester.runpytest_subprocess("-p", "spanjudge", "-p", "no:cacheprovider", "-q", *options)


def test_judged_and_coded_evaluations_are_asserted_on(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        def test_answers(ask, spanjudge_evaluations):
            ask("please wait")
            ask("please come")
            spanjudge_evaluations.assert_passed("bias")
            spanjudge_evaluations.assert_score("bias", max=0.1)
            spanjudge_evaluations.assert_passed("polite")
            spanjudge_evaluations.assert_no_failures()
            assert len(spanjudge_evaluations.of("bias")) == 2
            assert {one.evaluator for one in spanjudge_evaluations.skipped} == {"faithfulness"}


        def test_the_next_test_begins_with_nothing(spanjudge_evaluations):
            assert spanjudge_evaluations.evaluations == []
            spanjudge.submit_evaluation("feedback", False, trace_id=1, span_id=2)
            assert not spanjudge_evaluations.passed("feedback")
        """,
    )
    result.assert_outcomes(passed=2)
    assert result.ret == 0


def test_a_test_that_fails_says_what_was_found(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
        def test_answers(ask, spanjudge_evaluations):
            ask("wait")
            spanjudge_evaluations.assert_passed("polite", min_rate=0.9)


        def test_context(ask, spanjudge_evaluations):
            ask("wait")
            spanjudge_evaluations.assert_passed("faithfulness")


        def test_nothing(ask, spanjudge_evaluations):
            spanjudge_evaluations.assert_no_failures()
        """,
    )
    result.assert_outcomes(failed=3)
    result.stdout.fnmatch_lines(
        [
            "E*polite: 0 of 1 passed (0%), 90% should:",
            "E*polite did not pass 0: 4 characters",
            "E*nothing was evaluated by faithfulness:",
            "E*faithfulness skipped (missing_variable)*context*",
            "E*nothing was evaluated*",
        ]
    )
    # The line of the test is shown, and not our own code.
    result.stdout.no_fnmatch_line("*raise AssertionError*")


def test_it_costs_nothing_where_it_is_not_used(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import sys


        def test_what_was_imported():
            ours = {name for name in sys.modules if name.split(".")[0] == "spanjudge"}
            assert ours == {"spanjudge", "spanjudge.version", "spanjudge.pytest_plugin"}
            assert not {"opentelemetry", "msgspec", "aiohttp", "asyncio"} & set(sys.modules)
        """
    )
    alone(pytester).assert_outcomes(passed=1)


def test_the_fixture_is_listed_with_its_words(pytester: pytest.Pytester) -> None:
    result = alone(pytester, "--fixtures")
    result.stdout.fnmatch_lines(["spanjudge_evaluations*", "*What Spanjudge evaluates during the test*"])
