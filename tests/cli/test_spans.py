"""`spanjudge spans`: the captures read as expected; whatever else is given is one clear line."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from spanjudge.cli.main import run
from tests.cli.process import environment, spanjudge

CAPTURES = Path(__file__).parent.parent / "data" / "otlp"
CHAT = CAPTURES / "openinference-openai" / "chat.json"
TOOLS = CAPTURES / "openinference-langchain" / "tools.json"
FURTHER = {
    "trace_id",
    "parent_span_id",
    "service",
    "dialect",
    "conversation_id",
    "agent",
    "judged",
    "reason",
    "detail",
    "variables",
    "error_message",
    "notes",
}


def scenarios() -> list[Any]:
    return [
        pytest.param(expected.parent, scenario, id=f"{expected.parent.name}-{scenario}")
        for expected in sorted(CAPTURES.glob("*/expected.json"))
        for scenario in json.loads(expected.read_bytes())
    ]


def files_of(folder: Path, scenario: str) -> list[str]:
    named = (folder / f"{scenario}.json", folder / f"{scenario}.logs.json")
    return [str(path) for path in named if path.exists()]


def shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as left:
        run(["spans", *arguments])
    out, err = capsys.readouterr()
    assert left.value.code == 0, err
    return out


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as left:
        run(["spans", *arguments])
    out, err = capsys.readouterr()
    assert left.value.code == 2
    assert not out
    assert "Traceback" not in err
    return err


def rows(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in shown(capsys, *arguments, "--format", "jsonl").splitlines()]


@pytest.mark.parametrize(("folder", "scenario"), scenarios())
def test_every_capture_reads_as_expected(
    folder: Path, scenario: str, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = json.loads((folder / "expected.json").read_bytes())[scenario]
    for row in expected:
        row.pop("notes", None)
    found = [
        {key: value for key, value in row.items() if key not in FURTHER}
        for row in rows(capsys, *files_of(folder, scenario))
    ]
    assert found == expected


def test_the_order_of_the_files_changes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    spans, logs = files_of(CAPTURES / "semantic-kernel", "chat")
    assert rows(capsys, logs, spans) == rows(capsys, spans, logs)
    assert rows(capsys, spans, spans, logs) == rows(capsys, spans, logs)


def test_without_its_log_records_a_span_says_that_it_has_no_content(
    capsys: pytest.CaptureFixture[str],
) -> None:
    spans, logs = files_of(CAPTURES / "openai-v2-old", "chat")
    (bare,) = rows(capsys, spans)
    assert (bare["judged"], bare["reason"]) == (False, "no_content")
    (whole,) = rows(capsys, spans, logs)
    assert whole["judged"] is True
    assert whole["variables"]["output"]["state"] == "resolved"


def test_every_variable_has_a_state(capsys: pytest.CaptureFixture[str]) -> None:
    agent, plumbing, call, *_ = rows(capsys, str(TOOLS))
    assert {name: one["state"] for name, one in call["variables"].items()} == {
        "input": "resolved",
        "output": "missing",
        "messages": "resolved",
        "system_prompt": "resolved",
        "context": "missing",
        "expected": "missing",
        "tools": "resolved",
        "tool_calls": "resolved",
    }
    assert call["judged"] is True
    assert (agent["judged"], agent["reason"]) == (False, "not_matched")
    assert "invoke_agent" in agent["detail"]
    assert "plumbing" in plumbing["detail"]


def test_what_is_cut_is_counted(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    long = CHAT.read_text().replace("What is the capital of France?", "Why? " * 400)
    path = tmp_path / "long.json"
    path.write_text(long)
    (row,) = rows(capsys, str(path), "--max-chars", "500")
    told = row["variables"]["input"]
    assert told["state"] == "cut"
    assert told["characters"] == 1999
    assert told["sent"] < 500
    assert row["variables"]["output"] == {"state": "resolved", "characters": 31, "sent": 31}
    assert f"{told['sent']} of 1,999 characters are sent" in shown(capsys, str(path), "--max-chars", "500")
    (whole,) = rows(capsys, str(path))
    assert whole["variables"]["input"]["state"] == "resolved"


def test_an_empty_output_is_not_a_missing_one(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    document = json.loads(CHAT.read_bytes())
    attributes = document["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["attributes"]
    for attribute in attributes:
        if attribute["key"].startswith(("llm.output_messages.0.message.content", "output.value")):
            attribute["value"] = {"stringValue": ""}
    path = tmp_path / "empty-output.json"
    path.write_text(json.dumps(document))
    (row,) = rows(capsys, str(path))
    assert row["variables"]["output"] == {"state": "empty"}


def test_formatting_and_foreign_spans_are_left_out_until_all_are_wanted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rag = str(CAPTURES / "langsmith-langchain" / "rag.json")
    names = [row["span_name"] for row in rows(capsys, rag)]
    assert len(names) == 7
    assert {"ChatPromptTemplate", "StrOutputParser"} & set(names) == set()
    assert len(rows(capsys, rag, "--all")) == 9


@pytest.mark.parametrize("columns", ["80", "200"])
async def test_the_table_fits_and_says_it_in_words(columns: str, tmp_path: Path) -> None:
    env = environment(tmp_path, {"COLUMNS": columns, "PYTHONIOENCODING": "utf-8"})
    code, out, err = await spanjudge("spans", str(TOOLS), env=env)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert max(map(len, lines)) <= int(columns)
    assert sum(line.lstrip("│ ").startswith("judged") for line in lines) == 2
    assert any("└── ChatOpenAI  chat  7c3aeabdfc50570f" in line for line in lines)
    joined = " ".join(out.replace("│", " ").split())
    assert "7 spans in 1 trace. An evaluator without rules judges 2" in joined
    assert joined.count("not judged: ") == 5
    assert "output missing" in joined


def test_the_table_tells_of_failures_and_foreign_spans(capsys: pytest.CaptureFixture[str]) -> None:
    failed = " ".join(shown(capsys, str(CAPTURES / "openinference-openai" / "error.json")).split())
    assert "not judged: " in failed
    assert "The server is overloaded" in failed
    assert "judges 0; of the others: 1 failed" in failed
    loops = " ".join(shown(capsys, *files_of(CAPTURES / "semantic-kernel", "chat")).split())
    assert "AutoFunctionInvocationLoop not about GenAI" in loops


def test_a_call_that_is_recorded_twice_is_judged_once(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    document = json.loads(CHAT.read_bytes())
    spans = document["resourceSpans"][0]["scopeSpans"][0]["spans"]
    outer = spans[0]
    spans.append(outer | {"spanId": "00000000000000aa", "parentSpanId": outer["spanId"], "name": "POST"})
    path = tmp_path / "twice.json"
    path.write_text(json.dumps(document))
    first, second = rows(capsys, str(path))
    assert (first["judged"], first["reason"]) == (False, "same_call")
    assert "same_call_as_parent" not in first
    assert (second["judged"], second["same_call_as_parent"]) == (True, True)
    told = " ".join(shown(capsys, str(path)).split())
    assert "not judged: the same call is recorded by “POST” (00000000000000aa), which is judged" in told


def test_full_shows_texts_whole_and_nothing_moves_the_cursor(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "long.json"
    path.write_text(
        CHAT.read_text().replace("capital of France?", "end \\u001b[2J" + "of it " * 100 + "END?")
    )
    assert "END?" not in shown(capsys, str(path))
    out = shown(capsys, str(path), "--full")
    assert "END?" in out
    assert "\x1b[2J" not in out


async def test_standard_input_and_gzip_are_read(tmp_path: Path) -> None:
    packed = tmp_path / "chat.json.gz"
    packed.write_bytes(gzip.compress(CHAT.read_bytes()))
    code, out, _ = await spanjudge("spans", str(packed), "--format", "jsonl", env=environment(tmp_path))
    assert code == 0
    assert json.loads(out)["output_text"] == "The capital of France is Paris."
    code, out, err = await spanjudge("spans", "-", env=environment(tmp_path))
    assert (code, out, err) == (2, "", "spanjudge: standard input is empty.\n")


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("missing.json", None, "is not there"),
        ("empty.json", b"", "is empty"),
        ("cut.json", CHAT.read_bytes()[:900], "cut.json"),
        ("rubbish.bin", bytes(range(256)) * 20, "expected is OTLP"),
        ("text.txt", b"Hello there", "is text, and no OTLP"),
        ("data.jsonl", b'{"input": "a", "output": "b"}\n', "a data set of inputs and outputs"),
        ("utf16.json", CHAT.read_text().encode("utf-16"), "UTF-16"),
        ("latin1.json", CHAT.read_text().replace("Paris", "Zürich").encode("latin-1"), "latin1.json"),
        ("none.json", b'{"resourceSpans": []}', "OTLP without a span"),
    ],
)
def test_what_is_no_otlp_is_refused_in_one_clear_line(
    name: str, content: bytes | None, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    err = refused(capsys, str(path))
    assert told in err
    assert len(err.splitlines()) == 1


def test_log_records_alone_are_no_spans(capsys: pytest.CaptureFixture[str]) -> None:
    _, logs = files_of(CAPTURES / "google-adk", "chat")
    assert "1 log record and no span; name the file of the spans as well" in refused(capsys, logs)


def test_log_records_of_other_spans_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    _, logs = files_of(CAPTURES / "google-adk", "chat")
    with pytest.raises(SystemExit) as left:
        run(["spans", str(CHAT), logs])
    assert left.value.code == 0
    assert "1 log record belongs to spans that are in none of the files" in capsys.readouterr().err
