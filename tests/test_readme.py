"""README's command lines and code run as they are written."""

import os
import re
import shlex
import subprocess
import sys

import pytest

from analysis import paths
from analysis.arguments import parser

TEXT = (paths.ROOT / "README.md").read_text("utf-8")
CONTRIBUTING = (paths.ROOT / "CONTRIBUTING.md").read_text("utf-8")
SHELL = [
    line.split("  #")[0].strip()
    for block in re.findall(r"```sh\n(.*?)```", TEXT, re.S)
    for line in block.splitlines()
    if line.strip()
]
PYTHON = re.findall(r"```python\n(.*?)```", TEXT, re.S)
INLINE = re.findall(
    r"`(python3 reproduce\.py[^`]*)`", TEXT + CONTRIBUTING + (paths.DATASET / "README.md").read_text("utf-8")
)


def run(words: list[str], tmp_path) -> subprocess.CompletedProcess:
    environment = {**os.environ, "CARD_BUILD": str(tmp_path / "build"), "PYTHONPATH": str(paths.ROOT)}
    return subprocess.run(words, cwd=paths.ROOT, env=environment, capture_output=True, text=True, timeout=600)


def test_the_two_commands_come_first():
    assert SHELL[:2] == ["python3 reproduce.py", "python3 reproduce.py test"]


@pytest.mark.parametrize("line", [line for line in [*SHELL, *INLINE] if line.startswith("python3 reproduce.py ")])
def test_every_command_line_is_understood(line):
    words = shlex.split(line)[2:]
    if words[0] not in ("test", "lab"):
        parser().parse_args([word for word in words if word != "DIR"])


def test_the_line_that_reruns_one_analysis_works_as_written(tmp_path):
    line = next(line for line in SHELL if " run denials" in line)
    done = run([sys.executable, "-m", "analysis", *shlex.split(line)[2:]], tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "build" / "runs" / "denials" / "numbers.json").is_file()


def test_the_papermill_line_works_as_written(tmp_path):
    words = shlex.split(next(line for line in SHELL if "papermill" in line))
    assert words[0] == ".venv/bin/papermill"
    words[2] = str(tmp_path / "out.ipynb")
    done = run([sys.executable, "-m", "papermill", *words[1:]], tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "build" / "interactive" / "denials" / "numbers.json").is_file()


@pytest.mark.parametrize("line", ["check", "format"])
def test_the_lines_on_the_tables_work_as_written(line, tmp_path):
    assert f"python3 reproduce.py {line}" in SHELL
    assert run([sys.executable, "-m", "analysis", line], tmp_path).returncode == 0


def test_the_tables_load_with_pandas_alone(tmp_path):
    (code,) = (block for block in PYTHON if "read_csv" in block)
    done = run([sys.executable, "-c", code], tmp_path)
    assert done.returncode == 0 and "CHN" in done.stdout


@pytest.mark.parametrize("code", PYTHON)
def test_code_is_python(code):
    compile(code, "README.md", "exec")


def test_links_lead_to_files():
    for target in re.findall(r"\]\((?!http|#)([^)#]+)", TEXT + CONTRIBUTING):
        assert (paths.ROOT / target).exists(), target


def test_the_front_door_needs_only_the_standard_library():
    code = "import sys; sys.argv = ['x']; import reproduce; assert reproduce.wanted().split()[0].isalnum()"
    subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(paths.ROOT)!r}); {code}"], check=True
    )


def test_the_front_door_says_which_python_it_needs(monkeypatch):
    monkeypatch.syspath_prepend(paths.ROOT)
    import reproduce

    monkeypatch.setattr(reproduce.sys, "version_info", (3, 10, 1))
    with pytest.raises(SystemExit, match="3.11 or newer"):
        reproduce.main([])


def test_the_front_door_explains_a_missing_venv_module(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(paths.ROOT)
    import reproduce

    monkeypatch.setattr(reproduce, "VENV", tmp_path / "venv")
    monkeypatch.setattr(reproduce, "STAMP", tmp_path / "venv" / "made-from")
    monkeypatch.setattr(reproduce.shutil, "which", lambda name: None)
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    with pytest.raises(SystemExit, match="python3-venv"):
        reproduce.make()
