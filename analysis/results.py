"""What a notebook hands over, and how results are compared with the expected ones.

A run's folder holds ``numbers.json``, ``tables/NAME.csv|.md|.tex``,
``figures/NAME.svg|.png|.csv`` (the data drawn) and ``manifest.json`` (captions,
alternative texts).  A result's full name is ``RUN.NAME``.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import platform
import re
import shutil
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path
from typing import TYPE_CHECKING

from analysis import paths
from analysis.csvtext import write_atomic
from analysis.errors import ResultError

if TYPE_CHECKING:
    import pandas as pd

NAME = re.compile(r"^[a-z][a-z0-9_]*$")


class Handover:
    """Collects the results of one notebook.

    Parameters
    ----------
    run : str
        Name of the run; used for the folder when the notebook is run by hand.
        The runner chooses the folder itself (``CARD_RUN_FOLDER``).

    Examples
    --------
    >>> out = Handover("overview")                                  # doctest: +SKIP
    >>> out.number("n_incidents", 52, "incidents coded")            # doctest: +SKIP
    >>> out.table("accused", frame, "Data by accused state")        # doctest: +SKIP
    """

    def __init__(self, run: str):
        given = os.environ.get("CARD_RUN_FOLDER")
        self.folder = Path(given) if given else paths.BUILD / "interactive" / run
        shutil.rmtree(self.folder, ignore_errors=True)
        self._numbers, self._manifest = {}, {"tables": {}, "figures": {}}

    def _fresh(self, name: str, kind: dict) -> str:
        if not NAME.match(name):
            raise ResultError(f"{name!r}: a result's name is lower case letters, digits and underscores")
        if name in kind:
            raise ResultError(f"{name!r} is handed over twice; give the second one another name")
        return name

    def number(self, name: str, value, about: str, form: str = "") -> str:
        """Hand over one number for the prose.

        Parameters
        ----------
        name : str
        value : int, float or str
        about : str
            What it is, one line.
        form : str, optional
            ``percent``, or a format specification such as ``.2f``; whole numbers
            get thousands separators.

        Returns
        -------
        str
            The number as the report prints it.
        """
        self._fresh(name, self._numbers)
        import pandas as pd  # the runner reads results without it

        missing = value is None or pd.isna(value)
        if missing:
            shown, value = "not defined", None
        elif form == "percent":
            shown, value = f"{100 * float(value):.0f}%", float(f"{float(value):.9g}")
        elif isinstance(value, str):
            shown = value
        elif float(value).is_integer() and not form:
            shown, value = f"{int(value):,}", int(value)
        else:
            shown, value = f"{float(value):{form or '.2f'}}", float(f"{float(value):.9g}")
        self._numbers[name] = {"text": shown, "value": value, "about": about}
        return shown

    def table(self, name: str, frame: pd.DataFrame, caption: str, digits: int = 2) -> pd.DataFrame:
        """Hand over a table; returns it as text, so that the notebook shows what the report prints."""
        from analysis import tables

        self._fresh(name, self._manifest["tables"])
        shown = tables.text(frame, digits)
        stem = self.folder / "tables" / name
        write_atomic(stem.with_suffix(".csv"), tables.to_csv(shown))
        write_atomic(stem.with_suffix(".md"), tables.to_markdown(shown))
        write_atomic(stem.with_suffix(".tex"), tables.to_latex(shown))
        self._manifest["tables"][name] = {"caption": caption}
        return shown.style.hide(axis="index")

    def figure(self, name: str, figure, data: pd.DataFrame, caption: str, alt: str):
        """Hand over a figure with the data that it draws, a caption and a text for those who cannot see it.

        Where the environment has ``CARD_DRAW=no``, as in a sweep, which asks for numbers only, nothing is drawn.
        """
        from analysis import style, tables

        self._fresh(name, self._manifest["figures"])
        if len(alt) < 40:
            raise ResultError(f"{name}: the alternative text must say what the figure shows")
        if os.environ.get("CARD_DRAW") == "no":
            style.plt.close(figure)
            self._manifest["figures"][name] = {"caption": caption, "alt": alt}
            return None
        stem = self.folder / "figures" / name
        style.save(figure, stem)
        indexed = data.reset_index() if data.index.name or data.index.nlevels > 1 else data
        write_atomic(stem.with_suffix(".csv"), tables.to_csv(tables.text(indexed, 6)))
        self._manifest["figures"][name] = {"caption": caption, "alt": alt}
        return Drawing(stem.with_suffix(".svg").read_text("utf-8"))

    def done(self) -> None:
        """Write what the notebook handed over; without this call the run counts as failed."""
        write_atomic(self.folder / "numbers.json", as_json(self._numbers))
        write_atomic(self.folder / "manifest.json", as_json(self._manifest))


class Drawing:
    """A figure as Jupyter shows it; IPython's own class would parse the whole drawing first."""

    def __init__(self, svg: str):
        self._svg = svg

    def _repr_svg_(self) -> str:
        return self._svg


def as_json(value) -> str:
    """JSON text with sorted keys, as results are kept."""
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


@dataclass(frozen=True)
class Results:
    """Results of several runs under their full names.

    Attributes
    ----------
    numbers : dict
        Full name to ``{"text", "value", "about"}``.
    tables, figures : dict
        Full name to ``{"stem": path without suffix, "caption", …}``.
    """

    numbers: dict[str, dict] = field(default_factory=dict)
    tables: dict[str, dict] = field(default_factory=dict)
    figures: dict[str, dict] = field(default_factory=dict)


def check_promises(folder: Path, run: str, promises: dict[str, list[str]]) -> None:
    """Raise ResultError unless a run's folder holds exactly what the run promises."""
    if not (folder / "manifest.json").is_file():
        raise ResultError(f"{run}: nothing was handed over; the last cell must call done()")
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    numbers = json.loads((folder / "numbers.json").read_text("utf-8"))
    for kind, found in (("numbers", numbers), ("tables", manifest["tables"]), ("figures", manifest["figures"])):
        promised = set(promises.get(kind, []))
        if promised != set(found):
            lacks, more = sorted(promised - set(found)), sorted(set(found) - promised)
            said = [f"lacks {', '.join(lacks)}"] * bool(lacks) + [f"does not promise {', '.join(more)}"] * bool(more)
            raise ResultError(f"{run}: {kind}: {' and '.join(said)}; mend the notebook or its entry in runs.toml")


def gather(runs: list[str], build: Path | None = None) -> Results:
    """The results of the named runs, as left in the build folder."""
    out = Results()
    for run in runs:
        folder = (build or paths.BUILD) / "runs" / run
        if not folder.is_dir():
            raise ResultError(f"{run} has not been run; run it first (`run {run}`)")
        numbers = json.loads((folder / "numbers.json").read_text("utf-8"))
        manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
        out.numbers.update({f"{run}.{name}": value for name, value in numbers.items()})
        for kind in ("tables", "figures"):
            for name, entry in manifest[kind].items():
                getattr(out, kind)[f"{run}.{name}"] = {"stem": folder / kind / name, **entry}
    return out


def machine() -> str:
    """What can make a drawing differ in its last digits: system and processor."""
    return f"{platform.system()}-{platform.machine()}"


def expected_files(found: Results) -> dict[str, bytes]:
    """The results as the files that are kept in ``report/expected``, by relative name."""
    files = {"numbers.json": as_json(found.numbers).encode()}
    for name, entry in found.tables.items():
        files[f"tables/{name}.csv"] = entry["stem"].with_suffix(".csv").read_bytes()
    for name, entry in found.figures.items():
        for suffix in (".svg", ".csv"):
            files[f"figures/{name}{suffix}"] = entry["stem"].with_suffix(suffix).read_bytes()
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}
    files["hashes.json"] = as_json({"machine": machine(), "sha256": hashes}).encode()
    return files


def accept(found: Results, expected: Path, keep: tuple[str, ...] = ()) -> list[str]:
    """Make the results the expected ones; returns the names of the files that changed.

    Files of the folder that are no result are removed, but for those named in `keep`.
    """
    files = expected_files(found)
    old = {path.relative_to(expected).as_posix(): path for path in expected.rglob("*") if path.is_file()}
    old = {name: path for name, path in old.items() if name not in keep}
    changed = [name for name, content in files.items() if name not in old or old[name].read_bytes() != content]
    for name in changed:
        write_atomic(expected / name, files[name])
    for name in sorted(set(old) - set(files)):
        old[name].unlink()
        changed.append(name)
    return sorted(changed)


def compare(found: Results, expected: Path, here: str | None = None) -> tuple[list[str], list[str]]:
    """Compare results with the expected ones.

    Tables and numbers must be equal.  A figure must be equal byte for byte on the
    kind of machine that drew the expected one; elsewhere the data behind it
    decide, and a drawing that differs is only noted.

    Returns
    -------
    differences : list of str
        Each names the number, the table's cell or the figure, with old and new value.
    notes : list of str
        Cosmetic differences.
    """
    if not (expected / "hashes.json").is_file():
        return [f"{paths.shown(expected)} holds no expected results; make them with `accept`"], []
    stored = json.loads((expected / "hashes.json").read_text("utf-8"))
    files = expected_files(found)
    files.pop("hashes.json")
    differences, notes = [], []
    for name in sorted(set(stored["sha256"]) | set(files)):
        file = expected / name
        if name not in files:
            differences.append(f"{name}: expected, but no notebook made it")
        elif name not in stored["sha256"] or not file.is_file():
            differences.append(f"{name}: made, but not among the expected results")
        elif hashlib.sha256(file.read_bytes()).hexdigest() != stored["sha256"][name]:
            differences.append(f"{name}: the expected file was changed by hand; restore it or `accept` anew")
        elif file.read_bytes() == files[name]:
            continue
        elif name == "numbers.json":
            differences += _numbers_apart(json.loads(file.read_text("utf-8")), found.numbers)
        elif name.endswith(".csv"):
            apart = cells_apart(name, file.read_text("utf-8"), files[name].decode("utf-8"))
            # Of a figure's data the first cells tell enough.
            some = apart[:3] if name.startswith("figures/") else apart
            differences += some + [f"{name}: and {len(apart) - len(some)} more"] * (len(apart) > len(some))
        else:
            data = name.removesuffix(".svg") + ".csv"
            same = data in files and (expected / data).is_file() and (expected / data).read_bytes() == files[data]
            if same and (here or machine()) != stored["machine"]:
                notes.append(f"{name}: cosmetic: the same data, drawn differently here ({here or machine()})")
            else:
                differences.append(f"{name}: the figure differs{'; the data behind it are the same' if same else ''}")
    return differences, notes


def _numbers_apart(old: dict, new: dict) -> list[str]:
    out = []
    for name in sorted(set(old) | set(new)):
        before, after = old.get(name), new.get(name)
        if before != after:
            said = [f"{entry['text']} ({entry['value']})" if entry else "nothing" for entry in (before, after)]
            out.append(f"number {name}: expected {said[0]}, found {said[1]}")
    return out


def cells_apart(name: str, old: str, new: str) -> list[str]:
    """Where two CSV texts differ: by cell where rows answer each other, else by whole rows missing and new."""
    before, after = (list(csv.reader(io.StringIO(text))) for text in (old, new))
    if before[0] != after[0]:
        return [f"{name}: expected columns {before[0]}, found {after[0]}"]
    out = []
    columns, *before = map(tuple, before)
    after = [tuple(row) for row in after[1:]]
    # Rows that stay are paired first: one row more is one difference, not a shift of all the cells below it.
    for _, start, end, first, last in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if end - start == last - first:
            for number, (left, right) in enumerate(
                zip(before[start:end], after[first:last], strict=True), start=start + 1
            ):
                for column, one, two in zip(columns, left, right, strict=True):
                    if one != two:
                        out.append(
                            f"{name}: row {number} ({left[0]}), column {column}: expected {one!r}, found {two!r}"
                        )
            continue
        for number, row in enumerate(before[start:end], start=start + 1):
            out.append(f"{name}: row {number} is missing: expected {', '.join(filter(None, row))!r}")
        for number, row in enumerate(after[first:last], start=first + 1):
            out.append(f"{name}: row {number} is new: found {', '.join(filter(None, row))!r}")
    return out
