"""Performs the Dockerfile's own lines in a bare Debian, starts what comes out, and asks it how it is.

    python -m tests.deploy.check_image [--base ROOT] [--work FOLDER] [--build-arg PINS=deploy-slim]

For machines without a container engine. It needs root, `debootstrap` (unless `--base` names a root folder
that it made), overlay mounts and the network, and is no part of the test suite. What the machine knows of
package indexes and certificates is handed on in the environment (`PIP_*`, `UV_*`, `NPM_CONFIG_*`, proxies,
`SSL_CERT_FILE`). What differs from a container: the base is Debian with its own Python 3.11 instead of the
image that `FROM` names, and there is no seccomp profile.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from tests.deploy.dockerfile import PROJECT, Context, Instruction, Stage, filled, read

BASE_PACKAGES = "python3,python3-venv,ca-certificates,netbase,tzdata"
_HANDED_ON = re.compile(
    r"(PIP|UV|NPM_CONFIG)_.*|(https?|no)_proxy|SSL_CERT_(FILE|DIR)|NODE_EXTRA_CA_CERTS", re.IGNORECASE
)
_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Image(msgspec.Struct):
    """What a finished stage is: its files, and how it is run."""

    root: str
    env: dict[str, str] = {}
    workdir: str = "/"
    user: str = "0:0"
    volumes: list[str] = []
    entrypoint: list[str] = []
    command: list[str] = []
    health: list[str] = []
    stop_signal: str = "SIGTERM"


def base_root(folder: Path) -> Path:
    """A bare Debian with Python, as the base image is one: made once, taken again after that."""
    root = folder / "base"
    if not (root / "usr/bin/python3").exists():
        run("debootstrap", "--variant=minbase", f"--include={BASE_PACKAGES}", "bookworm", str(root))
    return root


def prepared(base: Path) -> None:
    """Make a Debian root look like the base image: `python`, and what lets it reach the network here."""
    if not (base / "usr/bin/python3").exists():
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "PATH": _PATH}
        install = (
            f"apt-get update && apt-get install -y --no-install-recommends {BASE_PACKAGES.replace(',', ' ')}"
        )
        run("chroot", str(base), "/bin/sh", "-c", install, environment=environment)
    python = base / "usr/local/bin/python"
    if not python.exists():
        python.symlink_to("/usr/bin/python3")
    shutil.copy("/etc/resolv.conf", base / "etc/resolv.conf")
    if _CERTIFICATES.exists():
        target = base / _CERTIFICATES.relative_to("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(_CERTIFICATES, target)


def run(*command: str, environment: dict[str, str] | None = None) -> None:
    """A command that must succeed."""
    print("  $", " ".join(command)[:160], flush=True)
    subprocess.run(command, check=True, env=environment)


class Build:
    """The stages of a Dockerfile, performed in layers over one base root."""

    def __init__(self, base: Path, work: Path, given: dict[str, str]) -> None:
        """`given` are the build arguments."""
        self.base, self.work, self.given = base, work, given
        self.context = Context()
        self.images: dict[str, Image] = {}

    @contextmanager
    def layer(self, name: str, below: Path) -> Generator[Path]:
        """A root folder of its own, with everything of the one below."""
        folders = [self.work / name / part for part in ("upper", "scratch", "root")]
        for folder in folders:
            folder.mkdir(parents=True)
        upper, scratch, root = map(str, folders)
        run(
            "mount",
            "-t",
            "overlay",
            "overlay",
            "-o",
            f"lowerdir={below},upperdir={upper},workdir={scratch}",
            root,
        )
        try:
            yield folders[2]
        finally:
            run("umount", root)

    def perform(self, stage: Stage, root: Path) -> Image:
        """Every instruction of a stage, in order."""
        image = Image(root=str(root), env={"PATH": _PATH})
        known: dict[str, str] = {}
        for one in stage.instructions:
            print(f"{one.word} {one.rest}"[:160], flush=True)
            if one.word == "RUN":
                self._run(one.rest, image, known)
            elif one.word == "COPY":
                self._copy(one, image)
            elif one.word == "ARG":
                known |= {name: self.given.get(name, value) for name, value in one.pairs().items()}
            else:
                _note(image, one, known)
        return image

    def _run(self, text: str, image: Image, known: dict[str, str]) -> None:
        handed_on = {name: value for name, value in os.environ.items() if _HANDED_ON.fullmatch(name)}
        environment = {
            "HOME": "/root",
            "DEBIAN_FRONTEND": "noninteractive",
            **handed_on,
            **known,
            **image.env,
        }
        user = image.user if ":" in image.user else f"{image.user}:{image.user}"
        root = image.root
        inside = (
            f"mount -t proc proc {root}/proc && mount --rbind /dev {root}/dev"
            f' && exec chroot --userspec={user} {root} /bin/sh -c "$1"'
        )
        subprocess.run(
            [
                "/usr/bin/unshare",
                "--mount",
                "--pid",
                "--fork",
                "/bin/sh",
                "-c",
                inside,
                "sh",
                f"cd {image.workdir} && {{ {text} ; }}",
            ],
            check=True,
            env={"PATH": _PATH} | environment,
        )

    def _copy(self, one: Instruction, image: Image) -> None:
        *words, target = one.rest.split()
        options = [word for word in words if word.startswith("--")]
        sources = [word for word in words if not word.startswith("--")]
        whole = target if target.startswith("/") else f"{image.workdir}/{target}"
        destination = Path(image.root, whole.strip("/"))
        stage = next((word.removeprefix("--from=") for word in options if word.startswith("--from=")), None)
        if [word for word in options if not word.startswith("--from=")]:
            raise ValueError(f"COPY {one.rest}: only --from is followed")
        if stage is not None:
            (source,) = sources
            destination.parent.mkdir(parents=True, exist_ok=True)
            run("cp", "-a", f"{self.images[stage].root}{source}", str(destination))
            return
        for source in sources:
            below = destination
            if not (self.context.folder / source).is_dir() and not target.endswith("/") and target != ".":
                below = destination.parent
            for name, file in self.context.files(source).items():
                place = below / (destination.name if below != destination else name)
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, place)
                place.chmod(0o755 if os.access(file, os.X_OK) else 0o644)


def _note(image: Image, one: Instruction, known: dict[str, str]) -> None:
    """What an instruction says of how the image is run; `EXPOSE` and `LABEL` change nothing."""
    match one.word:
        case "ENV":
            values = {**known, **image.env}
            image.env |= {name: filled(text, values) for name, text in one.pairs().items()}
        case "WORKDIR":
            image.workdir = one.rest
            Path(image.root, one.rest.strip("/")).mkdir(parents=True, exist_ok=True)
        case "USER":
            image.user = one.rest
        case "VOLUME":
            image.volumes += one.listed() or one.rest.split()
        case "ENTRYPOINT":
            image.entrypoint = _exec_form(one)
        case "CMD":
            image.command = _exec_form(one)
        case "STOPSIGNAL":
            image.stop_signal = one.rest
        case "HEALTHCHECK":
            image.health = _exec_form(Instruction("CMD", one.rest.partition("CMD ")[2]))
        case _:
            pass


def _exec_form(one: Instruction) -> list[str]:
    found = one.listed()
    if found is None:
        raise ValueError(f"{one.word} {one.rest}: the shell's form would keep SIGTERM to itself")
    return found


def main() -> None:
    """Build, start, ask."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--base", type=Path, help="a root folder of debootstrap's, taken as it is")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir(), "spanjudge-image"))
    parser.add_argument("--build-arg", action="append", default=[], metavar="NAME=VALUE")
    options = parser.parse_args()
    if os.geteuid() != 0:
        parser.error("mounts and chroot need root")
    options.work.mkdir(parents=True, exist_ok=True)
    base: Path = options.base or base_root(options.work)
    prepared(base)
    build = Build(
        base,
        Path(tempfile.mkdtemp(prefix="build-", dir=options.work)),
        dict(word.split("=", 1) for word in options.build_arg),
    )
    try:
        with ExitStack() as layers:
            stages = read()
            for stage in stages:
                print(f"\n== FROM {stage.image} AS {stage.name}", flush=True)
                below = Path(build.images[stage.image].root) if stage.image in build.images else base
                build.images[stage.name] = build.perform(
                    stage, layers.enter_context(build.layer(stage.name, below))
                )
            image = build.images[stages[-1].name]
            upper = Path(image.root).parent / "upper"
            size = sum(file.lstat().st_size for file in upper.rglob("*") if not file.is_dir())
            print(f"\n== Built: {size / 1e6:,.0f} MB over the base. Starting it", flush=True)
            subprocess.run(
                [
                    "/usr/bin/unshare",
                    "--mount",
                    "--net",
                    "--propagation=private",
                    sys.executable,
                    "-m",
                    "tests.deploy.run_image",
                    json.dumps(msgspec.to_builtins(image)),
                ],
                check=True,
                cwd=PROJECT,
            )
    finally:
        shutil.rmtree(build.work, ignore_errors=True)


if __name__ == "__main__":
    main()
