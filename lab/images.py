"""
Programs of container images, run beside us: with Docker, or with buildah where no engine is.

    with (
        open_images("buildah", folder, (ENGINE,)) as images,
        running_image(images, ENGINE, "ekc", "serve", log=log) as process,
    ):
        ...

Both share the machine's network and one state folder, as asterisk and engine share theirs in
compose.yaml. With Docker they are also as confined as there; buildah's chroot isolation confines no
more than a chroot does.

Rule 1: when a block is left its programs are gone, whichever way we ended (Docker: `docker rm -f`;
buildah: a namespace of processes that dies with its first one).
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, Protocol

from lab.child import running

STATE: Final = "/var/lib/ekc"
"""The volume that both images share."""
CONFIG: Final = "/etc/ekc/ekc.yaml"
SCRIPTS: Final = "/usr/share/ekc/ivr_scripts"
"""Mounted from outside, as compose.yaml shows it for a site's own menus."""
USER: Final = 10001
"""User and group of both images."""

_PASSWORD_FILE: Final = f"EKC_STORE_PASSWORD_FILE={STATE}/store-password"
_PATIENCE_S: Final = 240
"""All texts of the scripts that ship are spoken in 25 s on one core; others may be at work."""


class ImageFailedError(Exception):
    """A program of an image failed; the text holds what it said."""


class Images(Protocol):
    """Runs programs of images."""

    def command(self, image: str, *words: str) -> Sequence[str | Path]:
        """Return what to type to run a program of the image."""
        ...

    def stop(self, image: str, process: subprocess.Popen[bytes]) -> None:
        """Ask what `command` started to end in order."""
        ...


def answer_of(images: Images, image: str, *words: str) -> str:
    """
    Run a program of an image to its end and return what it printed.

    Raises:
        ImageFailedError: It failed.
    """
    found = subprocess.run(
        images.command(image, *words),
        capture_output=True,
        text=True,
        timeout=_PATIENCE_S,
        check=False,
    )
    if found.returncode:
        raise ImageFailedError(f"{image}: {' '.join(words)} failed:\n{found.stdout}{found.stderr}")
    return found.stdout


@contextmanager
def running_image(
    images: Images, image: str, *words: str, log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program of an image until the block is left; then it is stopped in order."""
    with running(images.command(image, *words), folder=log.parent, log=log) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                images.stop(image, process)


class DockerImages:
    """
    Docker, with the confinement of docker/compose.yaml.

    Args:
        folder: Holds `ekc.yaml` and `ivr_scripts`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._name = f"ekc-one-call-{os.getpid()}"
        self._containers: list[str] = []

    def command(self, image: str, *words: str) -> Sequence[str | Path]:
        """Return what to type to run a program of the image."""
        # One image runs several programs at once, each in a container of its own.
        self._containers.append(f"{self._name}-{len(self._containers)}")
        options = ["--rm", "--name", self._containers[-1], "--network", "host", "--read-only"]
        options += ["--tmpfs", "/tmp", "--cap-drop", "ALL", "--env", _PASSWORD_FILE]
        options += ["--security-opt", "no-new-privileges", "--volume", f"{self._name}:{STATE}"]
        options += ["--volume", f"{self._folder / 'ekc.yaml'}:{CONFIG}:ro"]
        options += ["--volume", f"{self._folder / 'ivr_scripts'}:{SCRIPTS}:ro"]
        return ["docker", "run", *options, "--entrypoint", words[0], image, *words[1:]]

    def stop(self, image: str, process: subprocess.Popen[bytes]) -> None:  # noqa: ARG002 - a port
        """Ask what `command` started to end in order."""
        process.terminate()  # `docker run` hands the signal on to the program
        process.wait(_PATIENCE_S)

    def remove(self, image: str) -> None:  # noqa: ARG002 - a port
        """Remove what is left of the containers, and the state."""
        if self._containers:
            _quietly("docker", "rm", "--force", *self._containers)
        _quietly("docker", "volume", "rm", "--force", self._name)


class BuildahImages:
    """
    Buildah with chroot isolation, as root; its storage is named by the environment.

    Args:
        folder: Holds `ekc.yaml` and `ivr_scripts`; gets the state.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._containers: dict[str, str] = {}
        self._state = folder / "state"
        self._state.mkdir()
        os.chown(self._state, USER, USER)

    def command(self, image: str, *words: str) -> Sequence[str | Path]:
        """Return what to type to run a program of the image."""
        if image not in self._containers:
            made = subprocess.run(
                ["buildah", "from", "--pull-never", image],
                stdout=subprocess.PIPE,
                text=True,
                check=True,
            )
            self._containers[image] = made.stdout.strip()
        # Killed at once or not, nothing outlives the namespace's first process.
        namespace = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
        options = ["--network", "host", "--env", _PASSWORD_FILE]
        options += ["--volume", f"{self._state}:{STATE}"]
        options += ["--volume", f"{self._folder / 'ekc.yaml'}:{CONFIG}:ro"]
        options += ["--volume", f"{self._folder / 'ivr_scripts'}:{SCRIPTS}:ro"]
        return [*namespace, "buildah", "run", *options, self._containers[image], "--", *words]

    def stop(self, image: str, process: subprocess.Popen[bytes]) -> None:  # noqa: ARG002 - a port
        """Ask what `command` started to end in order."""
        # buildah kills what it is told to stop, so the program itself is told.
        program = _innermost(process.pid)
        os.kill(program, signal.SIGTERM)
        process.wait(_PATIENCE_S)

    def remove(self, image: str) -> None:
        """Remove an image's container."""
        if image in self._containers:
            _quietly("buildah", "rm", self._containers.pop(image))


@contextmanager
def open_images(tool: str, folder: Path, names: Sequence[str]) -> Iterator[Images]:
    """
    Make containers of the images possible until the block is left.

    Args:
        tool: `docker` or `buildah`.
        folder: Holds `ekc.yaml` and `ivr_scripts`.
        names: The images.
    """
    images = DockerImages(folder) if tool == "docker" else BuildahImages(folder)
    with ExitStack() as stack:
        for name in names:
            stack.callback(images.remove, name)
        yield images


def _innermost(pid: int) -> int:
    """Return the last process in a line of only children."""
    # A child belongs to the thread that started it, and a Go program has many.
    for thread in Path(f"/proc/{pid}/task").iterdir():
        children = (thread / "children").read_text(encoding="ascii").split()
        if children:
            return _innermost(int(children[0]))
    return pid


def _quietly(*command: str) -> None:
    subprocess.run(command, capture_output=True, check=False)
