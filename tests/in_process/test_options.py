"""Options from the environment: every variable, every bad value, and that nothing raises."""

import logging

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spanjudge.in_process.settings import variables
from spanjudge.in_process.settings.options import Options, log_problems
from spanjudge.judging.models.settings.setting import Setting

READ = (*variables.EVALUATE, *variables.QUEUE)
EVALS = "OTEL_INSTRUMENTATION_GENAI_EVALS_"
EVALUATION = "OTEL_INSTRUMENTATION_GENAI_EVALUATION_"


def read(**environ: str) -> Options:
    return Options.from_environment(environ)


def test_the_defaults_are_the_contract_s() -> None:
    options = read()
    assert options == Options()
    assert options.problems == ()
    assert [(spec.name, [kind.name for kind in spec.types]) for spec in options.spec.evaluators] == [
        ("native", ["LLMInvocation"])
    ]
    assert (options.monitoring, options.aggregation, options.enabled) == (False, False, True)
    assert (options.deepeval_implementation, options.deepeval_mode) == ("deepeval", "batched")
    assert (options.queue_size, options.workers, options.interval) == (100, 4, 5.0)
    assert (options.sample_rate, options.rate_limit_rps, options.rate_limit_burst) == (1.0, 0.0, 4)


def test_every_variable_is_read() -> None:
    options = Options.from_environment(
        {
            f"{EVALS}MONITORING": "TRUE",
            f"{EVALS}EVALUATORS": "deepeval(Step(bias))",
            f"{EVALS}DEEPEVAL_IMPLEMENTATION": "Native",
            f"{EVALS}DEEPEVAL_MODE": "non_batched",
            f"{EVALS}CUSTOM_RUBRICS": '{"a": {"rubric": "b"}}',
            f"{EVALS}RESULTS_AGGREGATION": "yes",
            f"{EVALS}QUEUE_SIZE": "1",
            f"{EVALS}WORKERS": "1024",
            f"{EVALS}CONCURRENT": "true",
            f"{EVALS}INTERVAL": " 0.5 ",
            f"{EVALUATION}SAMPLE_RATE": "0.25",
            f"{EVALUATION}RATE_LIMIT_RPS": "2.5",
            f"{EVALUATION}RATE_LIMIT_BURST": "7",
        }
    )
    assert options.problems == ()
    assert options.spec.evaluators[0].name == "deepeval"
    assert (options.monitoring, options.aggregation, options.batched) == (True, True, False)
    assert (options.deepeval_implementation, options.deepeval_mode) == ("native", "non-batched")
    assert options.custom_rubrics == '{"a": {"rubric": "b"}}'
    assert (options.queue_size, options.workers, options.interval) == (1, 1024, 0.5)
    assert (options.sample_rate, options.rate_limit_rps, options.rate_limit_burst) == (0.25, 2.5, 7)


@pytest.mark.parametrize("row", READ, ids=lambda row: row.key)
def test_every_documented_example_is_taken(row: Setting) -> None:
    assert Options.from_environment({row.env[0]: row.example}).problems == ()


@pytest.mark.parametrize("word", ["none", "OFF", "False", "no", "0"])
def test_evaluation_is_turned_off(word: str) -> None:
    options = read(**{variables.EVALUATORS: word})
    assert not options.enabled
    assert options.spec.evaluators == ()
    assert options.problems == ()


def test_opentelemetry_s_own_switch_turns_it_off() -> None:
    assert not read(OTEL_SDK_DISABLED="True").enabled
    assert read(OTEL_SDK_DISABLED="false").enabled


@pytest.mark.parametrize("word", ["auto", "True", "", "  "])
def test_auto_is_the_default(word: str) -> None:
    assert read(**{variables.EVALUATORS: word}) == Options()


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        (variables.SAMPLE_RATE, "25", "0 to 1, such as 0.25; write 0.25 for 25 percent; until then nothing"),
        (variables.SAMPLE_RATE, "0.5%", "write 0.005 for 0.5 percent; until then nothing is evaluated"),
        (variables.SAMPLE_RATE, "-0.1", "expected a number from 0 to 1, such as 0.25; until then nothing"),
        (variables.RATE_LIMIT_RPS, "-1", "expected a number from 0 to 1e+06, such as 10; until then nothing"),
    ],
)
def test_a_bad_limit_lets_nothing_through(name: str, value: str, message: str) -> None:
    options = read(**{variables.SAMPLE_RATE: "0.5", name: value})
    assert options.sample_rate == 0
    assert len(options.problems) == 1
    assert options.problems[0].startswith(f"{name}={value!r}: ")
    assert message in options.problems[0]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        (
            variables.MONITORING,
            "ja",
            "MONITORING='ja': expected true or false, such as true; false is used instead",
        ),
        (variables.DEEPEVAL_IMPLEMENTATION, "natve", "did you mean native?; deepeval is used instead"),
        (variables.DEEPEVAL_MODE, "batch", "did you mean batched?; batched is used instead"),
        (
            variables.QUEUE_SIZE,
            "0",
            "expected a whole number from 1 to 10000000, such as 1000; 100 is used instead",
        ),
        (variables.OLD_QUEUE_SIZE, "-1", "EVALUATION_QUEUE_SIZE='-1': expected a whole number"),
        (variables.WORKERS, "1025", "expected a whole number from 1 to 1024, such as 64; 4 is used instead"),
        (
            variables.WORKERS,
            '"8"',
            "the quotation marks are part of the value; leave them out; 4 is used instead",
        ),
        (
            variables.INTERVAL,
            "0",
            "expected a number of seconds from 0.01 to 86400, such as 60; 5 is used instead",
        ),
        (variables.INTERVAL, "nan", "expected a number of seconds"),
        (
            variables.RATE_LIMIT_BURST,
            "0",
            "expected a whole number from 1 to 1000000, such as 20; 4 is used instead",
        ),
    ],
)
def test_a_bad_value_is_told_and_the_default_used(name: str, value: str, message: str) -> None:
    options = read(**{name: value})
    assert len(options.problems) == 1
    assert options.problems[0].startswith(f"{name}={value!r}: ")
    assert message in options.problems[0]
    assert options == Options(problems=options.problems)


def test_one_bad_value_leaves_the_others_alone() -> None:
    options = read(**{variables.WORKERS: "many", variables.QUEUE_SIZE: "7"})
    assert (options.workers, options.queue_size, len(options.problems)) == (4, 7, 1)


def test_faults_of_the_evaluators_name_the_variable_and_the_place() -> None:
    options = read(**{variables.EVALUATORS: "native(Step(bias),Stp)"})
    assert [problem.splitlines() for problem in options.problems] == [
        [
            f"{variables.EVALUATORS}, column 19: there is no type Stp: did you mean Step? It is left out",
            "  native(Step(bias),Stp)",
            "                    ^",
        ]
    ]
    assert len(options.spec.evaluators[0].types) == 1


def test_evaluators_in_quotation_marks_are_read_and_told() -> None:
    options = read(**{variables.EVALUATORS: "'native(Step(bias))'"})
    assert options.spec.evaluators[0].types[0].name == "Step"
    assert "the quotation marks around it are part of the value" in options.problems[0]


def test_the_older_name_of_the_queue_size_is_taken_where_the_new_one_is_not_set() -> None:
    assert read(**{variables.OLD_QUEUE_SIZE: "7"}).queue_size == 7
    assert read(**{variables.OLD_QUEUE_SIZE: "7", variables.QUEUE_SIZE: "8"}).queue_size == 8


def test_without_concurrency_there_is_one_worker() -> None:
    assert read(**{variables.CONCURRENT: "false"}) == Options(workers=1)
    both = read(**{variables.CONCURRENT: "false", variables.WORKERS: "8"})
    assert both.workers == 1
    assert "WORKERS without effect" in both.problems[0]


def test_only_a_wish_for_batches_overrules_the_judge_model() -> None:
    assert read().batched is None
    assert read(**{variables.DEEPEVAL_MODE: "batched"}).batched is True


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        (f"{EVALS}WORKER", f"did you mean {variables.WORKERS}?"),
        (f"{EVALS}SAMPLE_RATE", f"did you mean {variables.SAMPLE_RATE}?"),
        ("OTEL_INSTRUMENTATION_GENAI_EVALUATIONS_WORKERS", f"did you mean {variables.WORKERS}?"),
        (f"{EVALS}TASTE_OF_ONIONS", "it has no effect"),
    ],
)
def test_a_variable_with_our_prefix_that_is_none_of_ours_is_told(name: str, hint: str) -> None:
    assert read(**{name: "1"}).problems == (f"{name}: there is no such variable; {hint}",)


@pytest.mark.parametrize("name", sorted(variables.OF_THE_HOST))
def test_variables_of_the_host_are_left_alone(name: str) -> None:
    assert read(**{name: "1"}).problems == ()


def test_a_problem_is_logged_once_in_a_process(caplog: pytest.LogCaptureFixture) -> None:
    problems = ["told once: first", "told once: second %s"]
    with caplog.at_level(logging.WARNING):
        log_problems(problems)
        log_problems(problems)
    assert [record.getMessage() for record in caplog.records] == problems


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(sorted(variables.BY_NAME)) | st.text(max_size=8).map(variables.OURS.__add__),
        st.text(max_size=30)
        | st.sampled_from(["1", "true", "-1", "1e999", "native(Step(bias))", "9" * 5000]),
        max_size=6,
    )
)
def test_no_environment_raises_anything(environ: dict[str, str]) -> None:
    options = Options.from_environment(environ)
    assert 1 <= options.workers <= 1024
    assert 0 <= options.sample_rate <= 1
    assert options.queue_size >= 1
    assert options.interval > 0
