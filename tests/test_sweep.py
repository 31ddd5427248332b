"""Sweeps run every point of a grid once, go on where they stopped, and lose nothing when a point fails."""

import csv
import io
import json

import pytest

from analysis import curves, runner, sweep
from analysis.cli import main
from analysis.errors import CardError, ParameterError

SOURCE = """from analysis.results import Handover
from analysis.errors import EmptySelection
out = Handover("demo")
if word == "empty": raise EmptySelection("nothing is left")
if word == "broken": 1 / 0
out.number("n", size * 2, "twice the size")
out.number("w", word, "the word")
out.done()"""
PARAMETERS = 'size: int = 1  # a size\nword: str = "a"  # a word\nwords: list[str] = []  # some words'


@pytest.fixture
def base(tmp_path):
    """A run of a small notebook with parameters."""
    cells = [
        {"cell_type": "code", "id": "p", "metadata": {"tags": ["parameters"]}, "source": PARAMETERS, "outputs": []},
        {"cell_type": "code", "id": "c", "metadata": {}, "source": SOURCE, "outputs": []},
    ]
    cells = [{**cell, "execution_count": None} for cell in cells]
    meta = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    path = tmp_path / "n.ipynb"
    path.write_text(json.dumps({"cells": cells, "metadata": meta, "nbformat": 4, "nbformat_minor": 5}))
    return runner.Run("demo", path, {}, {"numbers": ["n", "w"]}, ())


def pretend(runs):
    """An executor that starts no kernel."""
    for run in runs:
        size, word = run.parameters.get("size", 1), run.parameters.get("word", "a")
        numbers = {"n": {"text": str(2 * size), "value": 2 * size, "about": "twice"}}
        status = {"empty": "empty", "broken": "failed"}.get(word, "ok")
        numbers = numbers if status == "ok" else {}
        yield run, {"status": status, "numbers": numbers, "error": "why" if status != "ok" else "", "seconds": 0.1}


def rows(work):
    return list(csv.DictReader(io.StringIO(work.table())))


def test_a_grid_is_the_product_of_its_values_typed_and_in_order(base):
    found = sweep.points(base, sweep.grid(["size=1,2", "words=x,y+z,"]))
    assert [(run.parameters["size"], run.parameters["words"]) for run in found] == [
        (1, ["x"]), (1, ["y", "z"]), (1, []), (2, ["x"]), (2, ["y", "z"]), (2, []),
    ]  # fmt: skip
    assert len({run.name for run in found}) == 6


def test_a_value_given_twice_is_one_point(base):
    assert len(sweep.points(base, {"size": ["1", "1"]})) == 1


def test_a_grid_can_come_from_a_file_and_from_words(tmp_path):
    file = tmp_path / "grid.toml"
    file.write_text("[grid]\nsize = [1, 2]\n")
    assert sweep.grid(["word=a"], file) == {"size": [1, 2], "word": ["a"]}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "needs a grid"),
        (["size"], "write KEY=V1,V2"),
        (["size=1", "size=2"], "given twice"),
    ],
)
def test_a_wrong_grid_is_refused(words, said):
    with pytest.raises(ParameterError, match=said):
        sweep.grid(words)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"sice": ["1"]}, "did you mean 'size'"),
        ({"size": ["one"]}, "must be int"),
        ({"word": [3]}, "must be str"),
        ({"size": [str(n) for n in range(1000)], "word": [str(n) for n in range(1000)]}, "1,000,000 points"),
    ],
)
def test_a_wrong_value_is_refused_before_any_point_starts(base, values, said):
    with pytest.raises(ParameterError, match=said):
        sweep.points(base, values)


def test_every_number_is_a_row_with_the_parameters_as_columns(base, tmp_path):
    work = sweep.Sweep(base, {"size": ["1", "2"], "words": ["x+y"]}, tmp_path / "out")
    assert work.go(pretend, lambda line: None) == []
    found = rows(work)
    assert list(found[0]) == ["size", "words", "point", "status", "number", "value", "text", "about"]
    assert [(row["size"], row["words"], row["number"], row["value"]) for row in found] == [
        ("1", "x+y", "n", "2"), ("2", "x+y", "n", "4"),
    ]  # fmt: skip


def test_failed_and_empty_points_are_told_and_the_others_kept(base, tmp_path):
    work = sweep.Sweep(base, {"word": ["a", "broken", "empty"]}, tmp_path / "out")
    (failed,) = work.go(pretend, lambda line: None)
    assert "word=broken" in failed and "why" in failed
    assert [(row["word"], row["status"], row["about"]) for row in rows(work)] == [
        ("a", "ok", "twice"), ("broken", "failed", "why"), ("empty", "empty", "why"),
    ]  # fmt: skip


def test_a_sweep_that_was_stopped_does_only_what_is_left_and_failed_points_again(base, tmp_path):
    values = {"word": ["a", "b", "broken", "c"]}

    def stopped(runs):
        for number, pair in enumerate(pretend(runs)):
            if number == 3:
                raise KeyboardInterrupt
            yield pair

    work = sweep.Sweep(base, values, tmp_path / "out")
    with pytest.raises(KeyboardInterrupt):
        work.go(stopped, lambda line: None)
    assert [row["status"] for row in rows(work)] == ["ok", "ok", "failed", "not run"]
    again = sweep.Sweep(base, values, tmp_path / "out")
    assert [run.parameters["word"] for run in again.left()] == ["broken", "c"]


def test_a_half_written_point_is_done_again(base, tmp_path):
    work = sweep.Sweep(base, {"word": ["a"]}, tmp_path / "out")
    work.go(pretend, lambda line: None)
    work._file(work.points[0]).write_text('{"status": "ok"')
    assert work.left() == work.points


def test_points_made_from_an_older_notebook_are_done_again(base, tmp_path):
    work = sweep.Sweep(base, {"word": ["a"]}, tmp_path / "out")
    work.go(pretend, lambda line: None)
    assert work.left() == []
    base.notebook.write_text(base.notebook.read_text().replace("size * 2", "size * 3"))
    assert len(sweep.Sweep(base, {"word": ["a"]}, tmp_path / "out").left()) == 1


def test_points_run_in_kernels_and_their_faults_are_caught(base, tmp_path):
    work = sweep.Sweep(base, {"word": ["a", "broken", "empty"]}, tmp_path / "out")
    (failed,) = work.go(sweep.on_this_machine(2), lambda line: None)
    assert "ZeroDivisionError" in failed
    assert [row["status"] for row in rows(work)] == ["ok", "ok", "failed", "empty"]


def test_the_curve_of_a_number_is_drawn_and_an_unknown_one_names_those_known(base, tmp_path):
    work = sweep.Sweep(base, {"size": ["1", "2", "3"]}, tmp_path / "out")
    work.go(pretend, lambda line: None)
    table = tmp_path / "out" / "numbers.csv"
    table.write_text(work.table())
    assert curves.draw(table, work.keys, "n").read_text("utf-8").startswith("<?xml")
    with pytest.raises(CardError, match="they have n"):
        curves.draw(table, work.keys, "m")


def test_a_cluster_without_dask_or_scheduler_is_told(base, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(CardError, match="pip install 'distributed"):
        list(sweep.on_a_cluster("tcp://127.0.0.1:1")([base]))


def test_the_command_line_refuses_a_wrong_grid(capsys):
    assert main(["sweep", "denials", "-g", "min_state_link=three"]) == 1
    assert "must be int" in capsys.readouterr().err
