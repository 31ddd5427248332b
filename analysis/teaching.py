"""Answers of the exercises, worked out from the data when they are asked for, so that they fit every version."""

from __future__ import annotations

from collections import Counter
from functools import cache
from itertools import combinations

from analysis import measures
from analysis.dataset import Dataset, load
from analysis.errors import ParameterError
from analysis.selection import Selection, select

#: What a wrong answer is told; it must not give the answer away.
HINTS = {
    1: "Count each incident once, however many states accuse over it.",
    2: "Count for each pair of attributors the incidents that both accuse over; give the two codes in any order, as ('AAA', 'BBB').",
    3: "Count incidents, not rows: a pair that accuses twice over one incident counts once.",
    4: "Of the coalitions with at least two states, what share has two or more members in the column FVEY? Give a share from 0 to 1.",
    5: "Which accusations of before 2018 have a statement_id? Divide by all accusations of that time; give a share from 0 to 1.",
    6: "As before, for accusations of 2018 and later.",
    7: "Compare your last two answers; give True or False.",
}


@cache
def _data() -> Dataset:
    return select(load(), Selection())


def _pairs() -> Counter:
    """Pairs of attributors, by the number of incidents that both accuse over."""
    rows = measures.accusations(_data())
    rows = rows[rows["attributor"].map(_data().states.set_index("code")["kind"]).eq("state")]
    groups = rows.groupby("incident_id")["attributor"].unique()
    return Counter(pair for group in groups for pair in combinations(sorted(group), 2))


def _tied(early: bool) -> float:
    rows = measures.accusations(_data())
    rows = rows[rows["year"].lt(2018) == early]
    return float(rows["statement_id"].notna().mean())


def _answer(task: int):
    """The right answer of a task of “who joins whom”."""
    sizes = measures.coalitions(_data())
    together = sizes[sizes["states"] >= 2]
    return {
        1: lambda: int(measures.accusations(_data())["incident_id"].nunique()),
        2: lambda: min(pair for pair, n in _pairs().items() if n == max(_pairs().values())),
        3: lambda: max(_pairs().values()),
        4: lambda: float(together["FVEY"].ge(2).mean()),
        5: lambda: _tied(early=True),
        6: lambda: _tied(early=False),
        7: lambda: _tied(early=False) > _tied(early=True),
    }[task]()


def check(task: int, answer) -> bool | None:
    """Tell whether the answer to a task of the exercise “who joins whom” is right.

    Parameters
    ----------
    task : int
        Number of the task.
    answer : object
        The answer; ``...`` while there is none.

    Returns
    -------
    bool or None
        Whether it is right; None while there is none.  What is said is printed.

    Raises
    ------
    ParameterError
        If there is no such task.
    """
    if task not in HINTS:
        raise ParameterError(f"there is no task {task!r}; the tasks are {', '.join(map(str, HINTS))}")
    if answer is ...:
        print(f"task {task}: not answered yet")
        return None
    right = _same(answer, _answer(task))
    print(f"task {task}: {'right' if right else 'not yet. ' + HINTS[task]}")
    return right


def _same(answer, right) -> bool:
    """Whether an answer equals the right one; shares to within half a percentage point."""
    if isinstance(right, tuple):
        return isinstance(answer, (tuple, list, set)) and sorted(map(str, answer)) == sorted(right)
    if isinstance(right, bool) or isinstance(answer, bool):
        return answer is right or (hasattr(answer, "dtype") and bool(answer) is right)
    try:
        given = float(answer)
    except (TypeError, ValueError):
        return False
    return abs(given - right) < 0.005 if isinstance(right, float) else given == right
