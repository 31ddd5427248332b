"""Checks of the exercises: answers are worked out from the data when asked for, so they fit every version."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from analysis import measures
from analysis.dataset import load
from analysis.errors import ParameterError
from analysis.selection import Selection, select

TURN = 2018  # first year of the later period


@dataclass(frozen=True)
class Task:
    """One question: how its answer is computed, what form it has, and what a wrong one is told."""

    right: Callable[[], Any]
    wants: Callable[[Any, Any], bool]
    hint: str


def check(exercise: str, task: int, answer: Any) -> bool | None:
    """Tell whether an answer is right; what is said is printed.

    Parameters
    ----------
    exercise : str
        Name of the notebook, such as ``who-joins-whom``.
    task : int
    answer : object
        ``...`` while there is none.

    Returns
    -------
    bool or None
        Whether it is right; None while there is none.

    Raises
    ------
    ParameterError
        If there is no such exercise or task.
    """
    if exercise not in list(EXERCISES):
        raise ParameterError(f"there is no exercise {exercise!r}; there is {', '.join(EXERCISES)}")
    tasks = EXERCISES[exercise]
    if task not in list(tasks):
        raise ParameterError(f"{exercise} has no task {task!r}; the tasks are {', '.join(map(str, tasks))}")
    if answer is ...:
        print(f"task {task}: not answered yet")
        return None
    try:
        right = tasks[task].wants(answer, tasks[task].right())
        print(f"task {task}: {'right' if right else 'not yet. ' + tasks[task].hint}")
    except TypeError as error:
        right = False
        print(f"task {task}: not yet. {error}, and this is a value of type {type(answer).__name__}.")
    return right


def _number(answer: Any, form: str) -> Real:
    if not isinstance(answer, Real) or isinstance(answer, (bool, np.bool_)):
        raise TypeError(f"The answer is {form}")
    return answer


def _count(answer: Any, right: int) -> bool:
    return bool(_number(answer, "a whole number") == right)


def _share(answer: Any, right: float, form: str = "a share from 0 to 1") -> bool:
    """Right to within half a percentage point; the first test keeps huge numbers out of the arithmetic."""
    return bool(0 <= _number(answer, form) <= 1 and abs(float(answer) - right) < 0.005)


def _two(answer: Any, form: str) -> list:
    if not isinstance(answer, (tuple, list, np.ndarray, pd.Series)) or len(answer) != 2:
        raise TypeError(f"The answer is {form}")
    return list(answer)


def _shares(answer: Any, right: tuple[float, float]) -> bool:
    form = "two shares from 0 to 1, (before, after)"
    return all([_share(given, wanted, form) for given, wanted in zip(_two(answer, form), right, strict=True)])


def _pair(answer: Any, right: list[tuple[str, str]]) -> bool:
    """Right if it is one of the pairs that share the first place, in any order."""
    return tuple(sorted(map(str, _two(answer, "two codes, such as ('AAA', 'BBB')")))) in right


def _sentence(answer: Any, right: None) -> bool:
    if not isinstance(answer, str):
        raise TypeError("The answer is a sentence in quotation marks")
    return len(answer.split()) >= 12 and any(letter.isdigit() for letter in answer)


_all = cache(load)
_data = cache(lambda: select(_all(), Selection()))
_sizes = cache(lambda: measures.coalitions(_data()))


def _kinds(rows: pd.DataFrame) -> pd.Series:
    return rows["statement_id"].map(_data().statements.set_index("statement_id")["kind"])


@cache
def _pairs() -> Counter:
    """Pairs of states, by the number of accused incidents over which both accuse."""
    rows = measures.accusations(_data())
    rows = rows[rows["attributor"].map(_data().states.set_index("code")["kind"]).eq("state")]
    groups = rows.groupby(measures.PAIR)["attributor"].unique()
    return Counter(pair for group in groups for pair in combinations(sorted(group), 2))


def _periods(flag: pd.Series, year: pd.Series) -> tuple[float, float]:
    return float(flag[year < TURN].mean()), float(flag[year >= TURN].mean())


def _agreed() -> tuple[float, float]:
    rows = measures.accusations(_data())
    return _periods(_kinds(rows).isin(["joint_text", "coordinated_day"]), rows["year"])


EXERCISES = {
    "who-joins-whom": {
        1: Task(lambda: len(_all().attributions), _count, "Count the rows of the table as it is, with no filter."),
        2: Task(lambda: int(_all().attributions["statement_id"][_kinds(_all().attributions).eq("joint_text")].nunique()), _count,
                "Look up the kind of each statement_id, and count each joint text once."),
        3: Task(lambda: len(_pairs()), _count, "Count cells above zero on one side of the diagonal only; leave out bodies."),
        4: Task(lambda: [pair for pair, n in _pairs().items() if n == max(_pairs().values())], _pair,
                "Leave out the diagonal, which counts a state with itself, then look for the largest cell."),
        5: Task(lambda: float(_sizes().query("states >= 2")["FVEY"].ge(2).mean()), _share,
                "Keep coalitions with states >= 2 first; FVEY counts members of the Five Eyes."),
        6: Task(lambda: _periods(_sizes()["states"] >= 2, _sizes()["year"]), _shares,
                "Count accused incidents, not rows; take the year from the column year of sizes."),
        7: Task(_agreed, _shares, "Count accusations, not incidents; a package is one act over several incidents, so leave it out."),
        8: Task(lambda: None, _sentence, "Write at least twelve words, with a number that you found."),
    }
}  # fmt: skip
