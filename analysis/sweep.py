"""One notebook over a grid of parameters: every point once, on this machine or on a Dask cluster, resumed after a stop.

A finished point is a small file that holds its numbers and the hash of all that it
was made from.  The table of results is made from these files alone, so a sweep that was
killed goes on where it was, and one that ran on a cluster gives the same table.
"""

from __future__ import annotations

import csv
import functools
import io
import itertools
import json
import os
import tempfile
import tomllib
from collections.abc import Iterable, Iterator
from concurrent.futures import as_completed
from dataclasses import replace
from pathlib import Path

from analysis import cache, csvtext, fingerprint, paths, runner
from analysis.errors import CardError, EmptySelection, ParameterError
from analysis.progress import Progress

#: Points that a grid may have before it is taken for a mistake.
MOST = 100_000


def grid(words: list[str], file: Path | None = None) -> dict[str, list]:
    """The values of each parameter, as typed on a command line or in a TOML file.

    Parameters
    ----------
    words : list of str
        ``key=v1,v2``; the items of one list are joined by ``+``, and nothing between commas is an empty value.
    file : path, optional
        A TOML file with a table ``[grid]``: ``key = [v1, v2]``.

    Returns
    -------
    dict of str to list
        Texts from words, typed values from the file.

    Raises
    ------
    ParameterError
        If a word has no ``=``, a key comes twice, or nothing is given.
    """
    out: dict[str, list] = dict(tomllib.loads(file.read_text("utf-8")).get("grid", {})) if file else {}
    for key, values in out.items():
        if not isinstance(values, list):
            raise ParameterError(f"{paths.shown(file)}: {key} must be a list of values")
    for word in words:
        key, equals, values = word.partition("=")
        if not equals or not key:
            raise ParameterError(f"-g {word}: write KEY=V1,V2")
        if key in out:
            raise ParameterError(f"-g {word}: {key} is given twice; name all its values at once")
        out[key] = values.split(",")
    if not out:
        raise ParameterError("a sweep needs a grid: give -g KEY=V1,V2, or --grid FILE.toml with a table [grid]")
    return out


def points(base: runner.Run, values: dict[str, list]) -> list[runner.Run]:
    """One run for each combination of values, in the order of the grid; parameters typed and checked before any starts.

    Raises
    ------
    ParameterError
        As :func:`analysis.runner.plan` does, or if the grid is too large.
    """
    known = runner.parameters(base.notebook)
    typed = {key: [runner.typed(base.name, key, value, known) for value in listed] for key, listed in values.items()}
    number = 1
    for listed in typed.values():
        number *= len(listed)
    if not 0 < number <= MOST:
        raise ParameterError(f"the grid has {number:,} points; between 1 and {MOST:,} can be run")
    out = []
    for combination in itertools.product(*typed.values()):
        parameters = {**base.parameters, **dict(zip(typed, combination, strict=True))}
        mark = fingerprint.of(json.dumps(parameters, sort_keys=True))[:12]
        out.append(replace(base, name=f"{base.name}-{mark}", parameters=parameters))
    return list({run.name: run for run in out}.values())


def run_point(run: runner.Run, **how) -> dict:
    """Execute one point, without drawing, in a temporary folder and hand back what it gave; its own faults are not raised.

    Returns
    -------
    dict
        ``status`` (``ok``, ``empty`` if the parameters left nothing to analyse, ``failed``),
        ``numbers`` (as :class:`analysis.results.Handover` keeps them), ``error``, ``seconds``.
    """
    out = {"status": "ok", "numbers": {}, "error": "", "seconds": 0.0}
    with tempfile.TemporaryDirectory(prefix="card-point-") as scratch:
        try:
            out["seconds"] = round(runner.execute(run, Path(scratch), draw=False, **how), 3)
            out["numbers"] = json.loads((Path(scratch) / "runs" / run.name / "numbers.json").read_text("utf-8"))
        except EmptySelection as error:
            out.update(status="empty", error=str(error))
        except CardError as error:
            out.update(status="failed", error=str(error))
    return out


@functools.cache
def _worker_server():
    """The server of warm kernels of this worker process: one, started by its first point, ended with the process."""
    return runner.warm_server()


def run_on_worker(run: runner.Run) -> dict:
    """:func:`run_point` on a worker of a cluster, which has a server of warm kernels of its own."""
    return run_point(run, server=_worker_server().address)


class Sweep:
    """A grid over one run, with its folder of finished points.

    Parameters
    ----------
    base : analysis.runner.Run
    values : dict
        As :func:`grid` gives it.
    folder : path, optional
        Where points and table go; by default ``build/sweeps/RUN``.
    """

    def __init__(self, base: runner.Run, values: dict[str, list], folder: Path | None = None):
        self.base, self.keys = base, list(values)
        self.folder = folder or paths.BUILD / "sweeps" / base.name
        self.points = points(base, values)
        # All points are made from the same things but for their parameters: hash those once.
        self._common = fingerprint.of(json.dumps(cache.ingredients(replace(base, parameters={})), sort_keys=True))

    def _made_from(self, run: runner.Run) -> str:
        return fingerprint.of(self._common + json.dumps(run.parameters, sort_keys=True))

    def _file(self, run: runner.Run) -> Path:
        return self.folder / "points" / f"{run.name}.json"

    def finished(self, run: runner.Run) -> dict:
        """What a finished point gave; empty if it has not been run, or was made from other things than today's."""
        try:
            found = json.loads(self._file(run).read_text("utf-8"))
        except (FileNotFoundError, json.JSONDecodeError):
            return {}
        return found if found.get("made_from") == self._made_from(run) else {}

    def left(self) -> list[runner.Run]:
        """Points still to do; failed ones are tried again."""
        return [run for run in self.points if self.finished(run).get("status") not in ("ok", "empty")]

    def keep(self, run: runner.Run, found: dict) -> None:
        """Keep what a point gave."""
        text = json.dumps({**found, "made_from": self._made_from(run)}, sort_keys=True, ensure_ascii=False)
        csvtext.write_atomic(self._file(run), text)

    def go(self, execute, say=print) -> list[str]:
        """Do the points that are left.

        Parameters
        ----------
        execute : callable
            Takes runs, yields ``(run, found)`` as they end: :func:`on_this_machine` or :func:`on_a_cluster`.

        Returns
        -------
        list of str
            A line for each failed point; the others are kept all the same.
        """
        left = self.left()
        say(f"{len(self.points)} points, {len(self.points) - len(left)} of them done already")
        progress = Progress(len(left), say)
        for run, found in execute(left) if left else ():
            self.keep(run, found)
            progress.ended(
                run.name, f"{found['seconds']:.1f} s" if found["status"] == "ok" else found["status"].upper()
            )
        return [
            f"{run.name} ({self._shown(run)}): {found['error']}"
            for run in self.points
            if (found := self.finished(run)).get("status") == "failed"
        ]

    def _shown(self, run: runner.Run) -> str:
        return ", ".join(f"{key}={cell(run.parameters[key])}" for key in self.keys)

    def table(self) -> str:
        """Every number of every point as tidy CSV.

        Columns: the parameters of the grid, ``point``, ``status``, ``number``, ``value``, ``text``,
        ``about``; a point that gave no number has one row, with its error in ``about``.
        """
        buffer = io.StringIO(newline="")
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerow([*self.keys, "point", "status", "number", "value", "text", "about"])
        for run in self.points:
            found = self.finished(run) or {"status": "not run", "numbers": {}, "error": ""}
            start = [*(cell(run.parameters[key]) for key in self.keys), run.name, found["status"]]
            for name, entry in sorted(found["numbers"].items()):
                writer.writerow([*start, name, entry["value"], entry["text"], entry["about"]])
            if not found["numbers"]:
                writer.writerow([*start, "", "", "", found["error"].splitlines()[0] if found["error"] else ""])
        return buffer.getvalue()


def cell(value) -> str:
    """A parameter's value as one cell; the items of a list are joined by ``+``."""
    return "+".join(value) if isinstance(value, list) else str(value)


def on_this_machine(jobs: int | None = None, cold: bool = False):
    """Executor for :meth:`Sweep.go`: as many points at once as there are processors, or `jobs`."""

    def execute(runs: Iterable[runner.Run]) -> Iterator[tuple[runner.Run, dict]]:
        with runner.at_once(jobs or os.cpu_count() or 1, cold) as submit:
            waiting = {submit(run_point, run): run for run in runs}
            for future in as_completed(waiting):
                yield waiting[future], future.result()

    return execute


def on_a_cluster(scheduler: str, retries: int = 3):
    """Executor for :meth:`Sweep.go`: the workers of an existing Dask cluster, which must have this project installed.

    A point whose worker is lost is done anew by another.

    Parameters
    ----------
    scheduler : str
        Address, such as ``tcp://host:8786``.
    retries : int
        Times that a point is tried again when a worker raises.
    """

    def execute(runs: Iterable[runner.Run]) -> Iterator[tuple[runner.Run, dict]]:
        try:
            from distributed import Client
            from distributed import as_completed as as_done
        except ImportError:
            raise CardError("a cluster needs Dask: install the extra with `pip install 'distributed>=2024'`") from None
        try:
            client = Client(scheduler, timeout=20)
        except OSError as error:
            raise CardError(f"no Dask scheduler answers at {scheduler} ({error}); is it running?") from None
        with client:
            futures = {
                client.submit(run_on_worker, run, key=run.name, retries=retries, pure=False): run for run in runs
            }
            for future in as_done(futures):
                if future.status == "finished":
                    yield futures[future], future.result()
                else:
                    said = f"the point was lost with its workers: {future.exception()}"
                    yield futures[future], {"status": "failed", "numbers": {}, "error": said, "seconds": 0.0}

    return execute
