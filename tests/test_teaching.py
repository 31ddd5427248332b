"""The exercise runs unanswered, accepts right answers and gives hints that do not give the answer away."""

import json

import pytest

from analysis import paths, teaching
from analysis.errors import ParameterError

NOTEBOOK = paths.NOTEBOOKS / "teaching" / "who-joins-whom.ipynb"
TASKS = list(teaching.HINTS)


def test_the_notebook_runs_unanswered_from_top_to_bottom(capsys):
    cells = json.loads(NOTEBOOK.read_text("utf-8"))["cells"]
    source = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    exec(compile(source, str(NOTEBOOK), "exec"), {})
    assert capsys.readouterr().out.count("not answered yet") == len(TASKS)


def test_the_notebook_asks_every_task_and_holds_no_answer_and_no_output():
    cells = json.loads(NOTEBOOK.read_text("utf-8"))["cells"]
    source = "".join("".join(cell["source"]) for cell in cells)
    assert all(f"answer_{task} = ..." in source for task in TASKS)
    assert not any(cell.get("outputs") for cell in cells)


@pytest.mark.parametrize("task", TASKS)
def test_the_right_answer_is_accepted(task):
    assert teaching.check(task, teaching._answer(task)) is True


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("wrong", [-1, "many", None, [], ("AAA", "BBB"), float("nan")])
def test_a_wrong_answer_of_any_type_gets_a_hint_and_no_traceback(task, wrong, capsys):
    assert teaching.check(task, wrong) is False
    told = capsys.readouterr().out
    assert teaching.HINTS[task] in told and str(teaching._answer(task)) not in told.split("not yet. ")[1].replace(
        "True or False", ""
    )


def test_a_share_is_right_to_half_a_point_and_a_pair_in_any_order():
    assert teaching.check(4, round(teaching._answer(4), 3))
    assert not teaching.check(4, teaching._answer(4) + 0.02)
    assert teaching.check(2, tuple(reversed(teaching._answer(2))))


def test_a_task_that_is_not_there_is_an_error():
    with pytest.raises(ParameterError, match="no task 99"):
        teaching.check(99, 1)
