"""deploy/alerts.yaml: every series and label is one that a running server exports."""

import re

from tests.deploy.dockerfile import PROJECT
from tests.deploy.files import DEPLOY, documents
from tests.deploy.metrics import Metric

(FILE,) = documents(DEPLOY / "alerts.yaml")
(GROUP,) = FILE["groups"]
_SERIES = re.compile(r"\b((?:spanjudge|gen_ai)_\w+)(?:\{([^}]*)\})?")
_BY = re.compile(r"\bby \(([^)]*)\)")


async def test_every_series_is_exported_with_the_labels_that_are_asked_for(
    metrics: dict[str, Metric],
) -> None:
    by_series = {name: metric for metric in metrics.values() for name in metric.series}
    asked: set[str] = set()
    for rule in GROUP["rules"]:
        text = rule["expr"]
        grouped = {label.strip() for found in _BY.findall(text) for label in found.split(",")}
        plain = _BY.sub("", text)
        for name, matchers in _SERIES.findall(plain):
            assert name in by_series, (rule["alert"], name)
            labels = {word.strip() for word in re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", matchers)}
            assert labels | (grouped - {"le"}) <= by_series[name].labels, (rule["alert"], name)
            asked.add(name)
        shown = re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"])
        assert set(shown) <= grouped, rule["alert"]
    assert len(asked) >= 9


def test_every_rule_is_whole() -> None:
    for rule in GROUP["rules"]:
        assert rule.keys() - {"for"} == {"alert", "expr", "labels", "annotations"}
        assert rule["labels"]["severity"] in {"warning", "critical"}
        assert rule["expr"].count("(") == rule["expr"].count(")")
        assert re.search(r"absent\(|(>=?|<|==) ?[\d.e]+", rule["expr"])


def test_every_alert_is_explained() -> None:
    text = (PROJECT / "docs" / "operations.md").read_text(encoding="utf-8")
    explained = set(re.findall(r"^\| `(Spanjudge\w+)` \|", text, re.MULTILINE))
    assert explained == {rule["alert"] for rule in GROUP["rules"]}
