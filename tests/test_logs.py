"""Log records as they are written: facts, no secrets, no words of an exception."""

import io
import json
import logging

import pytest

from spanjudge import logs
from tests.logging_state import logging_as_it_was

__all__ = ["logging_as_it_was"]


def written(level: str = "info", form: str = "json", *, content: bool = False) -> io.StringIO:
    stream = io.StringIO()
    logs.configure(level=level, form=form, content=content, secrets=["s3cret-token", "abc"], stream=stream)
    return stream


def test_a_record_is_one_json_object_with_its_facts() -> None:
    stream = written()
    logs.request_id.set("r-1")
    logging.getLogger("spanjudge.x").info(
        "evaluated", extra={"scorer": "bias", "code": "OK", "cost_usd": None}
    )
    logs.request_id.set(None)
    record = json.loads(stream.getvalue())
    assert record.pop("time").endswith("Z")
    assert record == {
        "level": "info",
        "logger": "spanjudge.x",
        "message": "evaluated",
        "scorer": "bias",
        "code": "OK",
        "request_id": "r-1",
    }


@pytest.mark.parametrize("form", ["json", "text"])
def test_secrets_are_hidden_whoever_logs_them(form: str) -> None:
    stream = written(form=form)
    logging.getLogger("somebody.else").warning(
        "token %s", "s3cret-token", extra={"url": "http://s3cret-token@h"}
    )
    assert "s3cret-token" not in stream.getvalue()
    assert stream.getvalue().count("(hidden)") == 2


@pytest.mark.parametrize("form", ["json", "text"])
def test_an_exception_is_told_by_class_and_place_and_its_words_only_at_debug_level(form: str) -> None:
    for level, expected in (("info", False), ("debug", True)):
        stream = written(level, form)
        try:
            raise ValueError("what a user wrote")  # noqa: TRY301 - the exception is the point
        except ValueError:
            logging.getLogger("spanjudge.x").exception("it failed")
        assert "ValueError" in stream.getvalue()
        assert "test_logs.py" in stream.getvalue()
        assert ("what a user wrote" in stream.getvalue()) is expected


def test_other_packages_are_heard_from_warnings_upwards_even_at_debug_level() -> None:
    stream = written("debug")
    logging.getLogger("litellm").debug("a key")
    logging.getLogger("aiohttp.client").info("a request")
    assert not stream.getvalue()


@pytest.mark.parametrize(
    ("level", "content", "heard"), [("debug", True, True), ("debug", False, False), ("info", True, False)]
)
def test_content_needs_the_switch_and_debug_level(level: str, content: bool, heard: bool) -> None:  # noqa: FBT001
    stream = written(level, content=content)
    logging.getLogger(logs.CONTENT).debug("what a user wrote")
    assert bool(stream.getvalue()) is heard


def test_text_is_one_readable_line() -> None:
    stream = written(form="text")
    logging.getLogger("spanjudge.x").warning("slow", extra={"elapsed_ms": 12})
    assert stream.getvalue().rstrip().endswith("warning  slow  elapsed_ms=12")
