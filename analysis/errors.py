"""What can go wrong, as data.

Every exception pickles (they cross process borders) and carries what its
message was made from.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Problem:
    """One fault in one place of one file.

    Attributes
    ----------
    file : str
        Path as shown to the user.
    line, column : int
        1-based, counted as a text editor counts them; 0 when the fault has
        no place in the file (a file that is missing, say).
    rule : str
        Short name of the rule that was broken.
    message : str
        What is wrong and how to mend it.
    severity : str
        ``"error"`` or ``"warning"``; warnings do not fail a check.
    """

    file: str
    line: int
    column: int
    rule: str
    message: str
    severity: str = "error"

    def __str__(self) -> str:
        mark = "" if self.severity == "error" else f"{self.severity} "
        return f"{self.file}:{self.line}:{self.column} {mark}{self.rule}: {self.message}"


class CardError(Exception):
    """Base of all errors that the user can mend; the message says how."""


class DatasetError(CardError):
    """The tables break the contract; ``problems`` lists where."""

    def __init__(self, problems):
        self.problems = list(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n".join(map(str, self.problems))


class ParameterError(CardError):
    """A parameter is unknown or of the wrong type."""


class EmptySelection(CardError):
    """The chosen filters leave nothing to analyse; the message names the filter."""


class NotebookError(CardError):
    """A notebook failed.

    Attributes
    ----------
    run : str
        Name of the run.
    cell : int
        Number of the cell that failed, counted from 1.
    trace : str
        Its traceback, without terminal colours.
    kept : str
        Where the executed notebook was kept.
    """

    def __init__(self, run: str, cell: int, trace: str, kept: str):
        self.run, self.cell, self.trace, self.kept = run, cell, trace, kept
        super().__init__(run, cell, trace, kept)

    def __str__(self) -> str:
        return f"{self.run}: cell {self.cell} failed\n{self.trace}\nexecuted notebook kept at {self.kept}"


class ResultError(CardError):
    """A notebook did not hand over what it promises, or handed over more."""


class ReportError(CardError):
    """The report names something that does not exist, or leaves something unused."""


class MismatchError(CardError):
    """Results differ from the expected ones; ``differences`` lists where."""

    def __init__(self, differences):
        self.differences = list(differences)
        super().__init__(self.differences)

    def __str__(self) -> str:
        return "\n".join(self.differences)
