"""A run is done anew exactly when something it was made from, or something it made, has changed."""

import dataclasses
import json
import shutil
import subprocess
import sys

import pytest

from analysis import cache, fingerprint, paths, reproduction, runner
from analysis.cli import main
from analysis.errors import NotebookError

GOOD = "from analysis.results import Handover\nout = Handover('demo')\nout.number('a', 1, 'x')\nout.done()"


def write_notebook(path, source: str, **more):
    cell = {"cell_type": "code", "id": "a", "metadata": {}, "source": source, "outputs": [], "execution_count": None}
    meta = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    path.write_text(json.dumps({"cells": [{**cell, **more}], "metadata": meta, "nbformat": 4, "nbformat_minor": 5}))


@pytest.fixture
def demo(tmp_path):
    """A run that has been done once, with its own copy of the dataset."""
    write_notebook(tmp_path / "n.ipynb", GOOD)
    folder = shutil.copytree(paths.DATASET, tmp_path / "dataset", ignore=shutil.ignore_patterns("releases"))
    run = runner.Run(
        "demo", tmp_path / "n.ipynb", {"dataset_dir": str(folder)}, {"numbers": ["a"]}, ("denials", "reliability")
    )
    build = tmp_path / "build"
    (build / "runs" / "demo").mkdir(parents=True)
    (build / "runs" / "demo" / "numbers.json").write_text("{}")
    cache.record(run, build, cache.ingredients(run), 1.5)
    return run, build, folder


def test_a_run_that_was_never_done_is_stale(demo, tmp_path):
    assert cache.reasons(demo[0], tmp_path / "elsewhere") == ["it has not been run yet"]


def test_a_run_is_fresh_while_nothing_changes(demo):
    run, build, _ = demo
    assert cache.reasons(run, build) == [] and cache.explain([run], build) == ["demo: fresh"]


def test_outputs_counts_and_ids_of_a_notebook_do_not_matter(demo):
    run, build, _ = demo
    write_notebook(run.notebook, GOOD, id="other", execution_count=7)
    assert cache.reasons(run, build) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda run, folder: write_notebook(run.notebook, GOOD + "\n1"), "notebook changed"),
        (lambda run, folder: (folder / "tables" / "denials.csv").write_text("x"), "table denials changed"),
        (lambda run, folder: (folder / "reliability" / "denials.csv").write_text("x"), "second codings changed"),
        (lambda run, folder: (folder / "datapackage.json").write_text('{"version": "9"}'), "version changed"),
        (lambda run, folder: write_notebook(run.notebook, "import analysis.durations"), "module durations is new"),
    ],
)
def test_what_a_run_is_made_from_makes_it_stale_and_is_named(demo, change, said):
    run, build, folder = demo
    change(run, folder)
    assert said in cache.reasons(run, build)


def test_a_table_that_a_run_does_not_read_leaves_it_fresh(demo):
    run, build, folder = demo
    (folder / "tables" / "responses.csv").write_text("x")
    assert cache.reasons(run, build) == []


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("parameters", {"dataset_dir": "", "top": 3}, "parameters changed"),
        ("promises", {"numbers": ["b"]}, "promises changed"),
        ("reads", ("denials", "responses"), "table responses is new"),
    ],
)
def test_parameters_promises_and_declared_tables_make_a_run_stale(demo, field, value, said):
    run, build, _ = demo
    assert said in cache.reasons(dataclasses.replace(run, **{field: value}), build)


def test_a_changed_lock_makes_a_run_stale(demo, tmp_path, monkeypatch):
    (tmp_path / "lock").write_text("other")
    monkeypatch.setattr(paths, "LOCK", tmp_path / "lock")
    assert cache.reasons(*demo[:2]) == ["lock changed"]


def test_results_that_were_changed_removed_or_added_make_a_run_stale(demo):
    run, build, _ = demo
    (build / "runs" / "demo" / "numbers.json").write_text("[]")
    assert cache.reasons(run, build) == ["its results were changed or removed (numbers.json)"]
    (build / "runs" / "demo" / "numbers.json").write_text("{}")
    (build / "runs" / "demo" / "more.csv").write_text("")
    assert "more.csv" in cache.reasons(run, build)[0]


def test_a_broken_record_counts_as_none(demo):
    run, build, _ = demo
    (build / "cache" / "demo.json").write_text("{")
    assert cache.reasons(run, build) == ["it has not been run yet"]


def test_modules_are_followed_through_imports_without_importing_them(tmp_path):
    package = tmp_path / "pack"
    (package / "sub").mkdir(parents=True)
    for name, text in {
        "__init__": "", "a": "from pack import b", "b": "from pack.sub.c import f", "d": "1 / 0", "sub/__init__": "",
        "sub/c": "import pack.e", "e": "raise SystemExit",
    }.items():  # fmt: skip
        (package / f"{name}.py").write_text(text)
    found = fingerprint.modules("import os\nfrom pack import a", package)
    assert set(found) == {"a", "b", "sub.c", "sub", "e"}


def test_a_change_deep_in_the_imports_makes_a_run_stale(demo, monkeypatch):
    run, build, _ = demo
    real = fingerprint.modules
    monkeypatch.setattr(fingerprint, "modules", lambda *words: {**real(*words), "csvtext": "other"})
    assert cache.reasons(run, build) == ["module csvtext changed"]


def test_only_stale_runs_are_executed_longest_first(demo, tmp_path):
    run, build, _ = demo
    other = dataclasses.replace(run, name="other")
    said = []
    assert runner.run_all([run, other], 1, build, said.append) == ["other"]
    assert said[0] == "1 of 2 runs unchanged" and said[1].startswith("[1/1] other: ")
    assert runner.run_all([run, other], 1, build, said.append) == []
    assert runner.run_all([run], 1, build, said.append, force=True) == ["demo"]


def test_a_run_that_fails_stays_stale(demo):
    run, build, _ = demo
    write_notebook(run.notebook, "1 / 0")
    with pytest.raises(NotebookError):
        runner.run_all([run], 1, build, lambda line: None)
    assert "notebook changed" in cache.reasons(run, build)


def test_a_run_that_reads_a_table_it_does_not_declare_is_refused(tmp_path):
    source = "from analysis import dataset\nlen(dataset.load().responses)"
    write_notebook(tmp_path / "n.ipynb", source)
    run = runner.Run("demo", tmp_path / "n.ipynb", {}, {}, ("denials",))
    with pytest.raises(NotebookError, match="table 'responses' is used, but the run does not declare it"):
        runner.execute(run, tmp_path / "build")


def test_every_run_declares_what_it_reads():
    assert all(run.reads and set(run.reads) <= set(cache.ALL) for run in runner.plan())


def test_the_command_line_explains(capsys):
    assert main(["run", "denials", "--explain"]) == 0
    assert capsys.readouterr().out.startswith("denials: ")


def test_an_unchanged_reproduction_is_told_at_once_without_heavy_modules(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "BUILD", tmp_path)
    (tmp_path / "runs" / "demo").mkdir(parents=True)
    (tmp_path / "runs" / "demo" / "numbers.json").write_text("{}")
    cache.keep_reproduction(tmp_path, cache.everything(), ["all is well"])
    said = []
    reproduction.reproduce(say=said.append)
    assert said == ["nothing has changed since the last reproduction:", "all is well"]
    code = (
        "import sys\nfrom analysis.cli import main\nassert main(['reproduce']) == 0\n"
        "assert not {'pandas', 'matplotlib', 'papermill', 'pandera'} & set(sys.modules)"
    )
    environment = {"CARD_BUILD": str(tmp_path), "PATH": ""}
    subprocess.run([sys.executable, "-c", code], check=True, cwd=paths.ROOT, env=environment)


def test_a_changed_result_or_input_ends_the_answer_that_nothing_changed(tmp_path):
    (tmp_path / "runs").mkdir()
    made_from = cache.everything()
    cache.keep_reproduction(tmp_path, made_from, ["all is well"])
    assert cache.reproduction(tmp_path, made_from) == ["all is well"]
    assert cache.reproduction(tmp_path, {**made_from, "lock": "other"}) == []
    (tmp_path / "report.pdf").write_text("x")
    assert cache.reproduction(tmp_path, made_from) == []
