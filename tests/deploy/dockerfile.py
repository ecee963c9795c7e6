"""The `Dockerfile` and `.dockerignore` of the project, read so that a test or a tool can follow them."""

import fnmatch
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

PROJECT = Path(__file__).parent.parent.parent
KNOWN = frozenset(
    "FROM ARG ENV RUN COPY WORKDIR USER VOLUME EXPOSE LABEL STOPSIGNAL HEALTHCHECK ENTRYPOINT CMD".split(" ")  # noqa: SIM905 - read as one line of words
)
"""The instructions that the check of the image follows."""

_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


class Instruction(NamedTuple):
    """One line of a Dockerfile, its continuations joined: `RUN`, and what comes after it."""

    word: str
    rest: str

    def listed(self) -> list[str] | None:
        """The exec form, a JSON list, or nothing when it is the shell's."""
        if not self.rest.startswith("["):
            return None
        found: list[str] = json.loads(self.rest)
        return found

    def pairs(self) -> dict[str, str]:
        """`KEY=value` of `ENV`, `LABEL` and `ARG` (a name alone has an empty value)."""
        return {name: value for name, _, value in (word.partition("=") for word in shlex.split(self.rest))}


class Stage(NamedTuple):
    """A `FROM` and what follows; `name` is what `AS` gives it."""

    image: str
    name: str
    instructions: list[Instruction]

    def last(self, word: str) -> Instruction | None:
        """The one that holds, of those of which only the last does."""
        return next((one for one in reversed(self.instructions) if one.word == word), None)


def read(path: Path = PROJECT / "Dockerfile") -> list[Stage]:
    """The stages. Raises `ValueError` for an instruction that nobody here can follow."""
    stages: list[Stage] = []
    for one in _instructions(path.read_text(encoding="utf-8")):
        if one.word not in KNOWN:
            raise ValueError(f"{path.name}: {one.word} is not followed by the check of the image")
        if one.word == "FROM":
            image, _, name = one.rest.partition(" AS ")
            stages.append(Stage(image.strip(), name.strip() or str(len(stages)), []))
        elif not stages:
            raise ValueError(f"{path.name}: {one.word} before the first FROM")
        else:
            stages[-1].instructions.append(one)
    return stages


def _instructions(text: str) -> Iterator[Instruction]:
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n", "", "\n".join(lines))
    for line in joined.splitlines():
        word, _, rest = line.strip().partition(" ")
        yield Instruction(word.upper(), rest.strip())


def filled(text: str, values: dict[str, str]) -> str:
    """The text with `$NAME` and `${NAME}` put in, as `COPY`, `ENV`, `LABEL` and `WORKDIR` have it."""
    return _VARIABLE.sub(lambda found: values.get(found[1] or found[2], ""), text)


class Context:
    """The files a build may copy: all of a folder but those that `.dockerignore` leaves out."""

    def __init__(self, folder: Path = PROJECT) -> None:
        """`folder` is the build context."""
        self.folder = folder
        lines = (folder / ".dockerignore").read_text(encoding="utf-8").split("\n")
        self._patterns = [line.strip() for line in lines if line.strip() and not line.startswith("#")]

    def files(self, source: str) -> dict[str, Path]:
        """The files of one source of `COPY` by their path below it; one file or a pattern gives names.

        Raises `FileNotFoundError` when nothing is there, as a build would.
        """
        whole = self.folder / source
        if whole.is_dir():
            found = {
                str(file.relative_to(whole)): file
                for file in self._walk(whole)
                if self._takes(file.relative_to(self.folder).as_posix())
            }
        else:
            found = {
                file.name: file
                for file in self.folder.glob(source)
                if self._takes(file.relative_to(self.folder).as_posix())
            }
        if not found:
            raise FileNotFoundError(f"COPY {source}: nothing of that name, or .dockerignore leaves it out")
        return found

    def _walk(self, folder: Path) -> Iterator[Path]:
        for path in sorted(folder.iterdir()):
            if path.is_symlink() or path.name in {"node_modules", "__pycache__"}:
                continue
            if path.is_dir():
                yield from self._walk(path)
            else:
                yield path

    def _takes(self, path: str) -> bool:
        """As Docker does: the last pattern that fits the path or a folder above it decides."""
        parts = path.split("/")
        above = ["/".join(parts[: count + 1]) for count in range(len(parts))]
        taken = True
        for pattern in self._patterns:
            wanted = pattern.removeprefix("!").strip("/")
            if any(_fits(one, wanted) for one in above):
                taken = pattern.startswith("!")
        return taken


def _fits(path: str, pattern: str) -> bool:
    if pattern.startswith("**/"):
        return any(_fits(path, "*/" * count + pattern[3:]) for count in range(path.count("/") + 1))
    parts, wanted = path.split("/"), pattern.split("/")
    return len(parts) == len(wanted) and all(map(fnmatch.fnmatchcase, parts, wanted))
