"""Evaluator files for the tests."""

from pathlib import Path

TEXT = """\
# How we speak to customers.
name: {name}
needs: [output]
rubric: |
  {rubric}
answer: {{type: boolean, when_true: good, when_false: bad}}
acceptance: {{pass_when: true}}
"""


def write(path: Path, name: str = "", *, rubric: str = "Short and warm.", more: str = "") -> Path:
    """A good evaluator file; its name is the file's unless another is given."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(TEXT.format(name=name or path.stem, rubric=rubric) + more, encoding="utf-8")
    return path
