#!/usr/bin/env python3
"""Front door: makes the environment from the lock, then hands over.

    python3 reproduce.py             check, run every notebook, make the report, compare with the expected results
    python3 reproduce.py test        run the tests
    python3 reproduce.py lab         open JupyterLab
    python3 reproduce.py WORDS…      anything else goes to the package: check, show, run, report, reproduce --verify …
    python3 reproduce.py --help      all commands

Needs Python 3.11 or newer and nothing else; the standard library only.  The
environment goes to .venv, or to the folder that CARD_VENV names.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = Path(os.environ.get("CARD_VENV", ROOT / ".venv"))
LOCK = ROOT / "requirements.lock"
STAMP = VENV / "made-from"
WINDOWS = os.name == "nt"
PYTHON = VENV / ("Scripts/python.exe" if WINDOWS else "bin/python")


def fail(message):
    """Stop with a message and exit code 2."""
    sys.exit(f"reproduce.py: {message}")


def wanted():
    """What the environment must be made from: this lock, this Python, this folder."""
    lock = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    return f"{lock} {sys.version_info.major}.{sys.version_info.minor} {ROOT}\n"


def is_ready():
    """Whether the environment is there and was made from the same lock."""
    return STAMP.is_file() and STAMP.read_text("utf-8") == wanted() and PYTHON.exists()


def step(words, what):
    """Run one command of the set-up; stop if it fails."""
    print(f"  {what} …", flush=True)
    done = subprocess.run([str(word) for word in words], cwd=ROOT)
    if done.returncode:
        fail(f"{what} failed (exit {done.returncode}); mend what is said above and start again")


def make():
    """Make the environment from the lock, with uv if it is on PATH, else with venv and pip."""
    print(f"Making the environment in {VENV.name} from {LOCK.name}, once:", flush=True)
    STAMP.unlink(missing_ok=True)
    uv = shutil.which("uv")
    if uv:
        step([uv, "venv", "--quiet", "--clear", "--python", sys.executable, VENV], "virtual environment (uv)")
        step([uv, "pip", "install", "--quiet", "--python", PYTHON, "--require-hashes", "-r", LOCK], "packages (uv)")
    else:
        try:
            import ensurepip  # noqa: F401
            import venv  # noqa: F401
        except ImportError:
            fail(
                "this Python lacks the venv module; install it (Debian and Ubuntu: apt install python3-venv) "
                "or put uv on PATH, then start again"
            )
        step([sys.executable, "-m", "venv", "--clear", VENV], "virtual environment")
        pip = [PYTHON, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--require-hashes"]
        step([*pip, "-r", LOCK], "packages")
    where = subprocess.run(
        [str(PYTHON), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    )
    show(Path(where.stdout.strip()))
    STAMP.write_text(wanted(), "utf-8")


def show(place):
    """Let the environment find the package, and papermill and Jupyter what pyproject.toml offers them."""
    import tomllib

    (place / "card.pth").write_text(f"{ROOT}\n", "utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    about = place / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    about.mkdir(exist_ok=True)
    text = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    (about / "METADATA").write_text(text, "utf-8")
    lines = [
        line
        for group, entries in project["entry-points"].items()
        for line in (f"[{group}]", *(f"{name} = {where}" for name, where in entries.items()))
    ]
    (about / "entry_points.txt").write_text("\n".join(lines) + "\n", "utf-8")


def main(words):
    """Make the environment if need be and hand over; returns the exit code."""
    if sys.version_info < (3, 11):
        fail(f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}")
    if words[:1] in (["-h"], ["--help"]):
        print(__doc__)
        words = ["--help"]
    if not is_ready():
        make()
    if not words:
        words = ["reproduce"]
    if words[0] == "test":
        command = [PYTHON, "-m", "pytest", *words[1:]]
    elif words[0] == "lab":
        command = [PYTHON, "-m", "jupyterlab", "--notebook-dir", ROOT, *words[1:]]
    else:
        command = [PYTHON, "-m", "analysis", *words]
    command = [str(word) for word in command]
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
    where = Path.cwd()
    if words[0] in ("test", "lab"):
        os.chdir(ROOT)
    if WINDOWS:
        return subprocess.run(command, cwd=where if words[0] not in ("test", "lab") else ROOT).returncode
    os.execv(command[0], command)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
