"""The package as users get it: a wheel, in an environment of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Installed:
    """A wheel, and the Python of the environment that has it."""

    wheel: Path
    python: Path

    @property
    def variables(self) -> dict[str, str]:
        """What a server of this environment needs: the settings of the packages it borrows."""
        return {"JUPYTER_CONFIG_PATH": str(Path(sys.prefix) / "etc" / "jupyter")}

    def run(self, *arguments: str, **variables: str) -> str:
        """Run this Python without the tests' own path, and give what it printed."""
        environment = {n: v for n, v in os.environ.items() if n != "PYTHONPATH"} | variables
        answer = subprocess.run(
            [str(self.python), *arguments],
            capture_output=True, text=True, check=False, env=environment, cwd=self.python.parent,
        )  # fmt: skip
        assert answer.returncode == 0, answer.stdout + answer.stderr
        return answer.stdout + answer.stderr


def install_wheel(folder: Path) -> Installed:
    """Build the wheel and install it, without a network.

    All other packages are those of the running environment, which may have this one too: the wheel
    comes before it.
    """
    _run("-m", "hatchling", "build", "-t", "wheel", "-d", str(folder / "dist"))
    (wheel,) = (folder / "dist").glob("*.whl")
    environment = folder / "environment"
    _run("-m", "venv", "--without-pip", str(environment))
    python = environment / "bin" / "python"
    _run(
        "-m", "pip", "--python", str(python), "--disable-pip-version-check",
        "install", "--quiet", "--no-index", "--no-deps", str(wheel),
    )  # fmt: skip
    own = sysconfig.get_path("purelib", vars={"base": str(environment)})
    (Path(own) / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return Installed(wheel, python)


def _run(*arguments: str) -> None:
    answer = subprocess.run(
        [sys.executable, *arguments], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
