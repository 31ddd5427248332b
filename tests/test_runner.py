"""Runs are planned, refused, executed and kept as promised."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import psutil
import pytest

from analysis import paths, results, runner
from analysis.cli import main
from analysis.errors import CardError, EmptySelection, NotebookError, ParameterError, ResultError


def test_all_runs_are_planned_with_known_and_typed_parameters():
    runs = runner.plan()
    assert {run.notebook.name for run in runs} == {path.name for path in paths.NOTEBOOKS.glob("[0-9]*.ipynb")}


@pytest.mark.parametrize(
    ("names", "overrides", "said"),
    [
        (["denial"], {}, "did you mean 'denials'"),
        (["denials"], {"acused": "CHN"}, "did you mean 'accused'"),
        (["denials"], {"min_state_link": "three"}, "must be int"),
        (["denials"], {"min_state_link": "2.5"}, "must be int"),
        (["reliability"], {"threshold": "high"}, "must be float"),
        (["coalition_curve"], {"stances": "own"}, "has no parameter 'stances'"),
    ],
)
def test_a_wrong_word_is_refused_before_any_kernel_starts(names, overrides, said):
    with pytest.raises(ParameterError) as caught:
        runner.plan(names, overrides)
    assert said in str(caught.value)


def test_lists_are_typed_with_commas():
    assert runner.plan(["denials"], {"accused": "CHN, RUS"})[0].parameters["accused"] == ["CHN", "RUS"]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("accused = 'CHN'", "must be list"),
        ("min_state_link = true", "must be int"),
        ("stances = [1]", "must be list"),
        ("wrong = 1", "has no parameter"),
    ],
)
def test_a_wrong_entry_in_the_runs_file_is_refused(tmp_path, entry, said):
    shutil.copy(paths.NOTEBOOKS / "04-denials.ipynb", tmp_path)
    file = tmp_path / "runs.toml"
    file.write_text(f'[[run]]\nname = "d"\nnotebook = "04-denials.ipynb"\n[run.parameters]\n{entry}\n')
    with pytest.raises(ParameterError, match=said):
        runner.plan(file=file)


def notebook(tmp_path, source: str):
    """A run of a notebook with one cell."""
    cells = [{"cell_type": "code", "id": "a", "metadata": {}, "source": source, "outputs": [], "execution_count": None}]
    meta = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    path = tmp_path / "n.ipynb"
    path.write_text(json.dumps({"cells": cells, "metadata": meta, "nbformat": 4, "nbformat_minor": 5}))
    return runner.Run("demo", path, {}, {"numbers": ["a"]})


GOOD = "from analysis.results import Handover\nout = Handover('demo')\nout.number('a', 1, 'x')\nout.done()"


def test_a_failing_cell_is_named_with_its_traceback_and_the_last_good_results_stay(tmp_path):
    runner.execute(notebook(tmp_path, GOOD), tmp_path / "build")
    with pytest.raises(NotebookError) as caught:
        runner.execute(notebook(tmp_path, GOOD.replace("1", "1 / 0")), tmp_path / "build")
    assert caught.value.cell == 1 and "ZeroDivisionError" in caught.value.trace
    assert (tmp_path / "build" / "notebooks" / "demo.failed.ipynb").is_file()
    assert results.gather(["demo"], tmp_path / "build").numbers["demo.a"]["value"] == 1


def test_a_run_that_keeps_no_promise_leaves_no_results(tmp_path):
    with pytest.raises(ResultError, match="lacks a and does not promise b"):
        runner.execute(notebook(tmp_path, GOOD.replace("'a'", "'b'")), tmp_path / "build")
    assert not (tmp_path / "build" / "runs" / "demo").exists()


def test_an_empty_selection_is_told_without_a_traceback(tmp_path):
    (run,) = runner.plan(["denials"], {"accused": "BLR"})
    with pytest.raises(EmptySelection, match="have no reply"):
        runner.execute(run, tmp_path)


def test_a_code_that_the_data_do_not_know_is_told_without_a_traceback(tmp_path):
    (run,) = runner.plan(["denials"], {"accused": "CHINA"})
    with pytest.raises(ParameterError, match="'CHINA' is not in the dataset"):
        runner.execute(run, tmp_path)


def test_all_failures_of_several_runs_are_told_and_the_others_stay(tmp_path):
    good, bad = notebook(tmp_path, GOOD), runner.plan(["denials"], {"accused": "BLR"})[0]
    with pytest.raises(CardError, match="have no reply"):
        runner.run_all([bad, good], jobs=2, build=tmp_path / "build", say=lambda line: None)
    assert (tmp_path / "build" / "runs" / "demo" / "numbers.json").is_file()


def test_a_changed_cell_of_the_dataset_makes_the_comparison_fail_and_names_the_cell(tmp_path):
    folder = shutil.copytree(paths.DATASET, tmp_path / "dataset")
    file = folder / "tables" / "denials.csv"
    lines = file.read_text("utf-8").splitlines(keepends=True)
    changed = next(n for n, line in enumerate(lines) if ",denies," in line and ",CHN," in line)
    lines[changed] = lines[changed].replace(",denies,", ",objects_without_denying,", 1)
    file.write_text("".join(lines), "utf-8")
    (run,) = runner.plan(["denials"], {"dataset_dir": str(folder)})
    runner.execute(run, tmp_path / "build")
    found = results.gather(["denials"], tmp_path / "build")
    differences, _ = results.compare(found, paths.EXPECTED)
    ours = [line for line in differences if "no notebook made it" not in line]
    assert any(line.startswith("figures/denials.postures.csv: row") for line in ours)
    assert any(line.startswith("number denials.denies: expected") for line in ours)


def test_help_and_refusals_do_not_load_heavy_modules():
    code = (
        "import sys\nfrom analysis.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "assert not {'pandas', 'matplotlib', 'papermill', 'pandera'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=paths.ROOT, stdout=subprocess.DEVNULL)


def test_a_mistyped_command_exits_2_with_the_nearest_one(capsys):
    assert main(["chek"]) == 2 and "did you mean 'check'?" in capsys.readouterr().err
    assert main(["frobnicate"]) == 2 and "the commands are check" in capsys.readouterr().err


def test_an_override_without_a_value_is_told(capsys):
    assert main(["run", "denials", "-p", "bloc"]) == 1
    assert "KEY=VALUE" in capsys.readouterr().err


def test_the_list_of_runs_tells_types_defaults_and_meanings(capsys):
    assert main(["run", "--list"]) == 0
    assert "min_state_link: int = 1  # lowest tie to the state" in capsys.readouterr().out


def test_show_tells_a_case_with_its_sources_and_refuses_an_unknown_one(capsys):
    assert main(["show", "2021-nz-parliament-apt40"]) == 0
    told = capsys.readouterr().out
    assert "[1] http" in told and "accuses (own) CHN" in told
    assert main(["show", "2021-nz-parlament"]) == 1
    assert "2021-nz-parliament-apt40" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="signals of process groups")
@pytest.mark.parametrize("cold", [False, True], ids=["warm", "cold"])
def test_ctrl_c_ends_all_kernels_and_leaves_nothing_half_written(tmp_path, cold):
    command = [sys.executable, "-m", "analysis", "run", "--force", *(["--cold"] if cold else [])]
    environment = {**os.environ, "CARD_BUILD": str(tmp_path)}
    with subprocess.Popen(
        command, cwd=paths.ROOT, env=environment, start_new_session=True, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as run:  # fmt: skip
        while not list(tmp_path.glob("runs/.*.new")) and run.poll() is None:
            time.sleep(0.02)
        ours = [psutil.Process(run.pid), *psutil.Process(run.pid).children(recursive=True)]
        os.killpg(run.pid, signal.SIGINT)
        said = run.communicate()[0]
    assert run.returncode == 130
    assert said.splitlines()[-1] == "interrupted; what was finished is kept" and "Traceback" not in said
    assert not psutil.wait_procs(ours, timeout=60)[1]
    assert not list(tmp_path.glob("runs/.*")) and not list(tmp_path.rglob("*.part"))
    kept = {path.name for path in tmp_path.glob("runs/*")}
    assert kept >= {path.stem for path in tmp_path.glob("cache/*.json")}
