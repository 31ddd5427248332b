"""The exercise runs unanswered, accepts right answers, and its hints do not give the answer away."""

import json
import re

import nbclient
import nbformat
import numpy as np
import pandas as pd
import pytest

from analysis import paths, teaching
from analysis.errors import ParameterError

NAME = "who-joins-whom"
NOTEBOOK = paths.NOTEBOOKS / "teaching" / f"{NAME}.ipynb"
TASKS = teaching.EXERCISES[NAME]
SENTENCE = "Of the coded coalitions 3 in 4 have two Five Eyes members, but few cases precede 2018."
COUNTS, SHARES, PAIRS_OF_SHARES = (1, 2, 3), (5,), (6, 7)


def right(task):
    if task == 4:
        return TASKS[4].right()[0]
    return SENTENCE if task == 8 else TASKS[task].right()


def wrong(task):
    if task in COUNTS:
        return right(task) + 1
    if task in SHARES:
        return right(task) - 0.1
    return {4: ("AAA", "BBB"), 8: "It has grown."}.get(task, (0.99, 0.01))


def test_the_notebook_runs_unanswered_from_top_to_bottom(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(paths.ROOT))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
    printed = "".join(o.get("text", "") for cell in notebook.cells for o in cell.get("outputs", []))
    assert printed.count("not answered yet") == len(TASKS)


def test_the_notebook_asks_every_task_and_is_stripped():
    notebook = json.loads(NOTEBOOK.read_text("utf-8"))
    source = "\n".join("".join(cell["source"]) for cell in notebook["cells"])
    assert [int(n) for n in re.findall(r"^answer_(\d+) = \.\.\.", source, re.M)] == list(TASKS)
    assert all(f'teaching.check("{NAME}", {n}, answer_{n})' in source for n in TASKS)
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in notebook["cells"])


@pytest.mark.parametrize("task", TASKS)
def test_the_right_answer_is_accepted(task):
    assert teaching.check(NAME, task, right(task)) is True


@pytest.mark.parametrize("task", TASKS)
def test_a_wrong_answer_gets_a_hint_without_the_answer(task, capsys):
    assert teaching.check(NAME, task, wrong(task)) is False
    told = capsys.readouterr().out.split("not yet. ")[1]
    assert told.strip() == TASKS[task].hint
    parts = right(task) if isinstance(right(task), tuple) else (right(task),)
    for part in parts:
        for form in {str(part), *([f"{part:.2f}", f"{part:.0%}"] if isinstance(part, float) else [])}:
            assert not re.search(rf"(?<!\w){re.escape(form)}(?!\w)", told)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize(
    "value",
    [None, "many", True, [], {}, float("nan"), 10**400, 1j, pd.NA, ("AAA", 3), ([1], [2]), np.array([True, False]),
     np.array([[1, 2], [3, 4]]), pd.Series([1, 2]), pd.DataFrame({"a": [1, 2]}), print],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_a_value_of_any_type_is_told_what_is_wanted_and_raises_nothing(task, value, capsys):
    assert teaching.check(NAME, task, value) is False
    assert re.search(r"not yet\. (The answer is|" + re.escape(TASKS[task].hint) + ")", capsys.readouterr().out)


def test_numbers_of_pandas_and_numpy_are_numbers():
    assert teaching.check(NAME, 1, np.int64(right(1))) and teaching.check(NAME, 5, np.float64(right(5)))
    assert teaching.check(NAME, 6, np.array(right(6))) and teaching.check(
        NAME, 7, pd.Series(right(7), index=["a", "b"])
    )


def test_a_share_is_right_to_half_a_point_and_a_pair_in_any_order():
    assert teaching.check(NAME, 5, right(5) + 0.004) and not teaching.check(NAME, 5, right(5) + 0.006)
    assert teaching.check(NAME, 4, list(reversed(right(4)))) and not teaching.check(NAME, 6, right(6)[::-1])


def test_pairs_that_are_level_are_all_right():
    level = [("AAA", "BBB"), ("CCC", "DDD")]
    assert teaching._pair(("BBB", "AAA"), level) and teaching._pair(["CCC", "DDD"], level)
    assert not teaching._pair(("AAA", "CCC"), level)


def test_the_answers_are_those_that_the_tables_give_with_pandas_alone():
    folder = paths.tables(paths.DATASET)
    rows, texts = pd.read_csv(folder / "attributions.csv"), pd.read_csv(folder / "statements.csv")
    joint = texts.loc[texts["kind"].eq("joint_text"), "statement_id"]
    assert right(1) == len(rows) and right(2) == len(set(rows["statement_id"]) & set(joint))
    states = pd.read_csv(folder / "states.csv").query("kind == 'state'")["code"]
    own = rows[
        rows["stance"].isin(["own", "joint", "joined"]) & rows["state_link"].ge(1) & rows["attributor"].isin(states)
    ]
    present = pd.crosstab([own["incident_id"], own["accused_state"]], own["attributor"]).gt(0).astype(int)
    upper = np.triu((present.T @ present).to_numpy(), 1)
    assert right(3) == (upper > 0).sum()
    assert right(4) in {tuple(present.columns[list(cell)]) for cell in np.argwhere(upper == upper.max())}


@pytest.mark.parametrize("name, task", [("no-such", 1), (NAME, 99), (NAME, "1"), (NAME, [1]), ([], 1)])
def test_an_exercise_or_task_that_is_not_there_is_an_error(name, task):
    with pytest.raises(ParameterError, match="no exercise|no task"):
        teaching.check(name, task, 1)
