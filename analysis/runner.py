"""Plan the runs of ``notebooks/runs.toml`` and execute them with papermill, in parallel processes."""

from __future__ import annotations

import ast
import contextlib
import difflib
import json
import multiprocessing
import os
import re
import shutil
import time
import tokenize
import tomllib
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from io import StringIO
from pathlib import Path

from analysis import cache, paths
from analysis.errors import CardError, EmptySelection, NotebookError, ParameterError, ResultError
from analysis.progress import Progress

TYPES = {"str": str, "int": int, "float": float, "bool": bool, "list[str]": list}
ANSI = re.compile(r"\x1b\[[0-9;]*m")
#: Environment of every kernel: one thread, one style of numbers, nothing from the user's own set-up.
KERNEL_ENV = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "JUPYTER_PREFER_ENV_PATH": "1",
    "PYTHONNOUSERSITE": "1",
    "PYTHONIOENCODING": "utf-8",
    "MPLBACKEND": "agg",
    # pandera sets these two when it is imported; so they are the same everywhere.
    "PYARROW_IGNORE_TIMEZONE": "1",
    "SPARK_LOCAL_IP": "127.0.0.1",
}

#: What warm kernels import ahead, and the variables in which they differ.
PRELOAD = (
    "numpy", "pandas", "matplotlib.pyplot", "pandera.pandas", "scipy.stats", "lifelines", "krippendorff",
    "statsmodels.stats.proportion", "IPython.display", "analysis.dataset", "analysis.figures", "analysis.measures",
)  # fmt: skip
VARY = ("CARD_RUN_FOLDER", "CARD_RUN", "CARD_READS")


@dataclass(frozen=True)
class Parameter:
    """One parameter of a notebook: its type, default and meaning, as its ``parameters`` cell says."""

    name: str
    type: str
    default: object
    about: str


@dataclass(frozen=True)
class Run:
    """One notebook with the parameters it runs with, the tables it reads and the results it promises."""

    name: str
    notebook: Path
    parameters: dict = field(default_factory=dict)
    promises: dict = field(default_factory=dict)
    reads: tuple[str, ...] | None = None


def plan(
    names: list[str] | None = None,
    overrides: dict[str, str] | None = None,
    file: Path | None = None,
    version: str = "",
) -> list[Run]:
    """The runs to do, parameters checked, before any kernel starts.

    Parameters
    ----------
    names : list of str, optional
        Names of runs; all by default.
    overrides : dict of str to str, optional
        Parameters as typed on a command line; each must be known to every run named.
    file : path, optional
        The runs file; by default ``notebooks/runs.toml``.
    version : str, optional
        Released version that every run reads; empty for the working tables.

    Raises
    ------
    ParameterError
        If a run, a parameter or a version is unknown, or a value has the wrong type.
    """
    file = file or paths.RUNS
    if version:
        from analysis import releases

        releases.verified(version)
    entries = {
        entry["name"]: Run(
            entry["name"],
            file.parent / entry["notebook"],
            entry.get("parameters", {}),
            entry.get("promises", {}),
            tuple(entry["reads"]) if "reads" in entry else None,
        )
        for entry in tomllib.loads(file.read_text("utf-8"))["run"]
    }
    for name in names or []:
        if name not in entries:
            raise ParameterError(f"no run is called {name!r}{_near(name, entries)}; the runs are {', '.join(entries)}")
    runs = []
    for run in (entries[name] for name in names or entries):
        known = parameters(run.notebook)
        typed = {key: _parse(run.name, key, text, known) for key, text in (overrides or {}).items()}
        for key, value in run.parameters.items():
            _require(run.name, key, value, known)
        released = {"dataset_version": version} if version else {}
        runs.append(replace(run, parameters={**run.parameters, **released, **typed}))
    return runs


def parameters(notebook: Path) -> dict[str, Parameter]:
    """Parameters that a notebook declares in its cell tagged ``parameters``.

    Each is written ``name: type = default  # meaning`` with a type of ``str``, ``int``,
    ``float``, ``bool`` or ``list[str]``.
    """
    cells = json.loads(notebook.read_text("utf-8"))["cells"]
    source = next(("".join(c["source"]) for c in cells if "parameters" in c["metadata"].get("tags", [])), "")
    comments = {
        token.start[0]: token.string.lstrip("# ")
        for token in tokenize.generate_tokens(StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    out = {}
    for node in ast.parse(source).body:
        if not isinstance(node, ast.AnnAssign) or ast.unparse(node.annotation) not in TYPES:
            raise CardError(
                f"{paths.shown(notebook)}: line {node.lineno} of the parameters cell is not `name: type = default  # meaning`"
            )
        name = node.target.id
        out[name] = Parameter(
            name, ast.unparse(node.annotation), ast.literal_eval(node.value), comments.get(node.lineno, "")
        )
    return out


def _near(word: str, known) -> str:
    found = difflib.get_close_matches(word, list(known), 1)
    return f", did you mean {found[0]!r}?" if found else ""


def _require(run: str, key: str, value, known: dict[str, Parameter]) -> None:
    if key not in known:
        raise ParameterError(f"{run} has no parameter {key!r}{_near(key, known)}; it knows {', '.join(known)}")
    kind = TYPES[known[key].type]
    fits = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
    if kind is list:
        fits = fits and all(isinstance(item, str) for item in value)
    if not fits and not (kind is float and isinstance(value, int) and not isinstance(value, bool)):
        raise ParameterError(f"{run}: {key} must be {known[key].type}, not {value!r}; it means: {known[key].about}")


def _parse(run: str, key: str, text: str, known: dict[str, Parameter]):
    """Value of a parameter from a command line: lists are separated by commas."""
    if key not in known:
        _require(run, key, text, known)
    kind = known[key].type
    value: object = text
    if kind == "list[str]":
        value = [part.strip() for part in text.split(",") if part.strip()]
    elif kind == "bool":
        value = {"true": True, "false": False}.get(text.lower(), text)
    elif kind in ("int", "float"):
        try:
            value = TYPES[kind](text)
        except ValueError:
            value = text
    _require(run, key, value, known)
    return value


def typed(run: str, key: str, value, known: dict[str, Parameter]):
    """A parameter's value, from text (list items joined by ``+``) or as given; ParameterError if it does not fit."""
    if isinstance(value, str):
        return _parse(
            run, key, value.replace("+", ",") if key in known and known[key].type == "list[str]" else value, known
        )
    _require(run, key, value, known)
    return value


def execute(run: Run, build: Path, server: str = "") -> float:
    """Execute one run and put its results in place.

    Parameters
    ----------
    run : Run
    build : pathlib.Path
    server : str
        Address of a server of warm kernels; empty for an ordinary kernel.

    Returns
    -------
    float
        Seconds it took.

    Raises
    ------
    NotebookError
        If a cell fails; the executed notebook is kept and the last good results stay.
    EmptySelection, ParameterError
        If the parameters leave nothing to analyse, or have no meaning in the data.
    ResultError
        If the notebook does not hand over what the run promises.
    """
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    from analysis import results, warm

    started = time.perf_counter()
    fresh = build / "runs" / f".{run.name}.new"
    shutil.rmtree(fresh, ignore_errors=True)
    kept = build / "notebooks" / f"{run.name}.ipynb"
    kept.parent.mkdir(parents=True, exist_ok=True)
    part = kept.with_name(f"{run.name}.failed.ipynb")
    part.unlink(missing_ok=True)
    try:
        warm.execute(
            str(run.notebook), str(part), run.parameters, server=server, cwd=paths.ROOT,
            env=surroundings(run, fresh), kernel_name="python3", request_save_on_cell_execute=False,
            config={"KernelManager": {"transport_encryption": "auto"}},
        )  # fmt: skip
        results.check_promises(fresh, run.name, run.promises)
    except PapermillExecutionError as error:
        shutil.rmtree(fresh, ignore_errors=True)
        for kind in (EmptySelection, ParameterError):
            if error.ename == kind.__name__:
                part.unlink(missing_ok=True)
                raise kind(f"{run.name}: {error.evalue}") from None
        trace = ANSI.sub("", "\n".join(error.traceback))
        raise NotebookError(run.name, error.cell_index + 1, trace, paths.shown(part)) from None
    except DeadKernelError as error:
        shutil.rmtree(fresh, ignore_errors=True)
        raise CardError(f"{run.name}: the kernel died ({error}); what ran is kept at {paths.shown(part)}") from None
    except ResultError:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    os.replace(part, kept)
    _swap(fresh, build / "runs" / run.name)
    return time.perf_counter() - started


def surroundings(run: Run, folder: Path) -> dict[str, str]:
    """Environment variables that a run's kernel needs: where its results go, and which tables it may read."""
    reads = {} if run.reads is None else {"CARD_READS": ",".join(run.reads)}
    return {**KERNEL_ENV, "CARD_RUN_FOLDER": str(folder), "CARD_RUN": run.name, **reads}


def warm_server():
    """A server of warm kernels for runs: what every notebook imports is imported once (see :mod:`analysis.warm`)."""
    from analysis import warm

    return warm.Server(PRELOAD, vary=VARY, cwd=paths.ROOT, env={**os.environ, **KERNEL_ENV})


def _swap(fresh: Path, place: Path) -> None:
    """Put a finished folder in place of the old one."""
    old = place.with_name(f".{place.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if place.exists():
        os.replace(place, old)
    os.replace(fresh, place)
    shutil.rmtree(old, ignore_errors=True)


@contextlib.contextmanager
def at_once(jobs: int, cold: bool = False) -> Iterator[Callable]:
    """A way to execute several runs at once, that ends all kernels when it is left, however that happens.

    Warm kernels are driven by threads of this process, which wait most of the time; ordinary
    ones by a process each.

    Yields
    ------
    callable
        Takes a function such as :func:`execute` and its arguments, adds ``server``, and gives a future.
    """
    with contextlib.ExitStack() as stack:
        server = None if cold else stack.enter_context(warm_server())
        if server and server.address:
            pool = ThreadPoolExecutor(jobs)
            more = {"server": server.address}
        else:
            pool, more = ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")), {}
        try:
            yield lambda function, *words: pool.submit(function, *words, **more)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        finally:
            if server:
                server.close()
            pool.shutdown(cancel_futures=True)


def run_all(
    runs: list[Run],
    jobs: int | None = None,
    build: Path | None = None,
    say=print,
    force: bool = False,
    cold: bool = False,
) -> list[str]:
    """Execute the runs that are stale, as many at once as there are processors (or `jobs`), and report each as it ends.

    Those that took longest the last time start first.

    Parameters
    ----------
    runs : list of Run
    jobs : int, optional
    build : path, optional
        Folder of results and records; by default ``build/``.
    say : callable
        Takes one line of progress.
    force : bool
        Execute fresh runs, too.
    cold : bool
        Start an ordinary kernel for every run, in processes of their own.

    Returns
    -------
    list of str
        Names of the runs that were executed.

    Raises
    ------
    CardError
        The first failure, after all other runs have ended; what worked stays.
    """
    build = build or paths.BUILD
    stale = [run for run in runs if force or cache.reasons(run, build)]
    if len(stale) < len(runs):
        say(f"{len(runs) - len(stale)} of {len(runs)} runs unchanged")
    if not stale:
        return []
    before = {run.name: cache.recorded(run.name, build).get("seconds", float("inf")) for run in stale}
    stale.sort(key=lambda run: -before[run.name])
    made_from = {run.name: cache.ingredients(run) for run in stale}
    failures: list[CardError] = []
    progress = Progress(len(stale), say)
    with at_once(min(jobs or os.cpu_count() or 1, len(stale)), cold) as submit:
        waiting = {submit(execute, run, build): run for run in stale}
        while waiting:
            done, _ = wait(waiting, timeout=1, return_when=FIRST_COMPLETED)
            progress.tick([run.name for future, run in waiting.items() if future.running()])
            for future in done:
                run = waiting.pop(future)
                try:
                    seconds = future.result()
                    cache.record(run, build, made_from[run.name], seconds)
                    progress.ended(run.name, f"{seconds:.1f} s")
                except CardError as error:
                    failures.append(error)
                    progress.ended(run.name, "FAILED")
    if failures:
        raise failures[0] if len(failures) == 1 else CardError("\n".join(map(str, failures)))
    return [run.name for run in stale]
