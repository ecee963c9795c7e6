"""Files to import into OpenObserve: a score configuration and a remote scorer for each evaluator."""

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from spanjudge.evaluators.answer_format import Boolean, Category, Score
from spanjudge.evaluators.evaluator import Evaluator

PLACEHOLDER = "PUT-A-TOKEN-OF-SPANJUDGE-HERE"
"""Stands in the scorers' files where no token was given."""

TIMEOUT_MS = 30_000
MAX_RETRIES = 3
"""The client's own defaults. A retry joins the judge call that is already running, so it costs nothing."""

_ALWAYS = ("input", "output", "expected")
_EXTRA = ("context", "messages", "system_prompt", "tools", "tool_calls")


def openobserve_files(
    evaluators: Mapping[str, Evaluator], endpoint: str, token: str
) -> dict[str, dict[str, Any]]:
    """The files by name: `score-configs/NAME.json` and `scorers/NAME.json`.

    `endpoint` is the URL of this server's `/evaluate` as OpenObserve reaches it; `token` stands in the
    scorers' files in plain text, because OpenObserve takes it from there.
    """
    files: dict[str, dict[str, Any]] = {}
    for name, evaluator in evaluators.items():
        files[f"score-configs/{name}.json"] = score_config(evaluator)
        files[f"scorers/{name}.json"] = remote_scorer(evaluator, endpoint, token)
    return files


def evaluate_address(address: str) -> str:
    """The URL of `/evaluate` on a server given by its address, or with a path already.

    Raises `ValueError` for what is no http(s) URL.
    """
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("expected an address such as https://spanjudge.example.com/evaluate")
    return f"{address.rstrip('/')}/evaluate" if parts.path in {"", "/"} else address


def as_text(content: Mapping[str, Any]) -> str:
    """A file as it is written."""
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def archive(files: Mapping[str, Mapping[str, Any]]) -> bytes:
    """The files in one ZIP."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as writer:
        for name, content in files.items():
            # Without a date: the same evaluators make the same archive.
            writer.writestr(zipfile.ZipInfo(f"openobserve/{name}"), as_text(content), zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def score_config(evaluator: Evaluator) -> dict[str, Any]:
    """How OpenObserve shows and grades the evaluator's score."""
    config: dict[str, Any] = {"name": evaluator.name}
    if evaluator.description:
        config["description"] = evaluator.description
    answer = evaluator.answer
    if isinstance(answer, Score):
        config |= {"dataType": "numeric", "numericRange": {"min": answer.min, "max": answer.max}}
    elif isinstance(answer, Category):
        config |= {"dataType": "categorical", "categories": [label.name for label in answer.labels]}
    else:
        config["dataType"] = "boolean"
    threshold = healthy_threshold(evaluator)
    if threshold:
        config["healthyThreshold"] = threshold
    return config


def healthy_threshold(evaluator: Evaluator) -> dict[str, Any] | None:
    """The acceptance criteria in OpenObserve's words; `None` where it has none (a range with two ends)."""
    acceptance = evaluator.acceptance
    if acceptance is None:
        return None
    if isinstance(evaluator.answer, Boolean):
        return None if acceptance.pass_when is None else {"healthy_value": acceptance.pass_when}
    if isinstance(evaluator.answer, Category):
        return {"healthy_categories": list(acceptance.pass_values)} if acceptance.pass_values else None
    low, high = acceptance.min, acceptance.max
    # A bound at the end of the scale holds for every score and says nothing.
    if low is not None and high is not None and low <= high:
        low = None if low <= evaluator.answer.min else low
        high = None if high >= evaluator.answer.max else high
    if low is not None and high is None:
        return {"direction": "gte", "value": low}
    if high is not None and low is None:
        return {"direction": "lte", "value": high}
    return None


def remote_scorer(evaluator: Evaluator, endpoint: str, token: str) -> dict[str, Any]:
    """The scorer that calls this server for the evaluator."""
    scorer: dict[str, Any] = {"name": evaluator.name}
    if evaluator.description:
        scorer["description"] = evaluator.description
    scorer["scorer"] = {
        "type": "remote",
        "producesScoreConfigName": evaluator.name,
        "template": template(evaluator),
        "params": {
            "endpoint": endpoint,
            "http_method": "POST",
            "auth": {"type": "bearer", "token": token},
            "timeout_ms": TIMEOUT_MS,
            "max_retries": MAX_RETRIES,
        },
    }
    return scorer


def template(evaluator: Evaluator) -> str:
    """The request body to render: JSON with every variable inside quotation marks.

    A variable that the evaluation job does not map renders as its own name, which the server takes as absent.
    """
    names = [*_ALWAYS, *(need for need in _EXTRA if need in evaluator.needs)]
    lines = [f'  "scorer_name": {json.dumps(evaluator.name, ensure_ascii=False)}']
    lines += [f'  "{name}": "{{{{ {name} }}}}"' for name in names]
    if evaluator.target != "span":
        records = (
            ("statistics", "steps") if evaluator.target == "session" else ("statistics", "spans", "steps")
        )
        lines += [f'  "{name}": "{{{{ {name} }}}}"' for name in records]
    return "{\n" + ",\n".join(lines) + "\n}"
