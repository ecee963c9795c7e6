"""The page tells of every variable there is, and of none that there is not."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from spanjudge.in_process.settings import variables
from spanjudge.judging.models.settings.setting import Setting
from spanjudge.judging.models.settings.table import JUDGE
from spanjudge.settings.table import BY_ENV

PROJECT = Path(__file__).parent.parent.parent
PAGE = (PROJECT / "docs" / "in-process.md").read_text(encoding="utf-8")
CODE = PROJECT / "src" / "spanjudge" / "in_process"
NAME = re.compile(r"(?:OTEL|OPENAI|DEEPEVAL|GENAI_OPENAI|SPANJUDGE|O2)_[A-Z0-9_]*[A-Z0-9]")
PREFIXES = {variables.OURS, "SPANJUDGE_JUDGE", "O2_JUDGE"}


def section() -> str:
    """From the heading to the next one of its rank."""
    return PAGE.partition("\n## Environment\n")[2].partition("\n## ")[0]


def table(rows: tuple[Setting, ...]) -> str:
    lines = ["| variable | what it does | takes | default |", "|---|---|---|---|"]
    for row in rows:
        names = ", then ".join(f"`{name}`" for name in row.env)
        lines.append(
            f"| {names} | {row.about} | {row.kind.expects}, such as `{row.example}` | {default(row)} |"
        )
    return "\n".join(lines)


def default(row: Setting) -> str:
    if row.default_text:
        return row.default_text
    if row.default in (None, ""):
        return "–"
    value = str(row.default).lower() if isinstance(row.default, bool) else row.default
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def names_in_code() -> Iterator[str]:
    for file in sorted(CODE.rglob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        pieces = {
            piece for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for piece in node.values
        }
        for node in set(ast.walk(tree)) - pieces:
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and NAME.fullmatch(node.value):
                yield node.value


def test_the_tables_are_the_code_s() -> None:
    for group, rows in variables.GROUPS.items():
        assert f"### {group}\n" in section()
        assert table(rows) in section(), f"{group} should be:\n{table(rows)}"


def test_every_variable_of_the_code_is_on_the_page() -> None:
    told = set(NAME.findall(PAGE)) | PREFIXES
    missing = {*variables.BY_NAME, *names_in_code()} - told - set(BY_ENV)
    assert not missing


def test_every_variable_on_the_page_is_in_the_code() -> None:
    known = {*variables.BY_NAME, *variables.OF_THE_HOST, *BY_ENV, *PREFIXES, *names_in_code()}
    assert set(NAME.findall(PAGE)) <= known


def test_the_page_names_every_setting_of_the_judge_that_holds_for_all() -> None:
    for row in JUDGE:
        if row.field in ("timeout", "concurrency", "max_retries", "batching", "price_input", "price_output"):
            assert any(name in section() for name in row.env), row.env
