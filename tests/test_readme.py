"""The README's own code, run as it stands, and its links followed."""

import re
import sys
from asyncio import create_subprocess_exec, subprocess
from pathlib import Path

import pytest

from tests.mock_judge import MockJudge

PROJECT = Path(__file__).parent.parent
README = (PROJECT / "README.md").read_text(encoding="utf-8")
PAGES = [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md"))]


async def test_the_python_example_runs(mock_judge: MockJudge) -> None:
    (code,) = (
        code for code in re.findall(r"```python\n(.*?)```", README, re.DOTALL) if "asyncio.run" in code
    )
    asked = code.replace('api_key="sk-…"', f'api_key="sk-…", url="{mock_judge.url}/v1"')
    assert asked != code
    child = await create_subprocess_exec(sys.executable, "-c", asked, stdout=subprocess.PIPE)
    out, _ = await child.communicate()
    assert child.returncode == 0
    assert b"EvaluationResult(evaluator='polite'" in out
    assert len(mock_judge.requests) == 1


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert not [link for link in links if not (page.parent / link).exists()]


async def test_every_command_of_the_readme_is_there() -> None:
    child = await create_subprocess_exec(sys.executable, "-m", "spanjudge", "--help", stdout=subprocess.PIPE)
    out, _ = await child.communicate()
    commands = set(re.findall(r"\./run ([a-z-]+)", README)) - {"test"}
    assert {"demo", "serve", "check", "agreement", "openobserve-export"} <= commands
    assert not [command for command in commands if command not in out.decode()]
