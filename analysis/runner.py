"""Execute runs with papermill, several at once, and keep their results."""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import re
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, ThreadPoolExecutor, wait
from pathlib import Path

from analysis import cache, paths
from analysis.errors import CardError, EmptySelection, NotebookError, ParameterError, ResultError
from analysis.plans import TYPES, Parameter, Run, parameters, plan, typed  # noqa: F401  (the public way to them)
from analysis.progress import Progress

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
PRELOAD = ("analysis.preload",)
VARY = ("CARD_RUN_FOLDER", "CARD_RUN", "CARD_READS", "CARD_DRAW")


def execute(run: Run, build: Path, server: str = "", draw: bool = True) -> float:
    """Execute one run and put its results in place.

    Parameters
    ----------
    run : Run
    build : pathlib.Path
    server : str
        Address of a server of warm kernels; empty for an ordinary kernel.
    draw : bool
        Whether figures are drawn and kept; numbers and tables always are.

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
            env=surroundings(run, fresh, draw), kernel_name="python3", request_save_on_cell_execute=False,
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


def surroundings(run: Run, folder: Path, draw: bool = True) -> dict[str, str]:
    """Environment variables that a run's kernel needs: where its results go, and which tables it may read."""
    reads = {} if run.reads is None else {"CARD_READS": ",".join(run.reads)}
    return {
        **KERNEL_ENV,
        "CARD_RUN_FOLDER": str(folder),
        "CARD_RUN": run.name,
        "CARD_DRAW": "yes" if draw else "no",
        **reads,
    }


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
            # Ctrl-C reaches every process of a terminal; this one tells the others.
            ignore = (signal.SIGINT, signal.SIG_IGN)
            pool = ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), signal.signal, ignore)
            more = {}
        try:
            yield lambda function, *words: pool.submit(function, *words, **more)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            # That kernels die now is no news.
            stack.callback(logging.disable, logging.root.manager.disable)
            logging.disable(logging.CRITICAL)
            if not server:
                _kill_children()
            raise
        finally:
            if server:
                server.close()
            pool.shutdown(cancel_futures=True)


def _kill_children() -> None:
    """Kill the processes that execute runs, and their kernels."""
    import psutil

    for worker in multiprocessing.active_children():
        with contextlib.suppress(psutil.NoSuchProcess):
            for kernel in psutil.Process(worker.pid).children(recursive=True):
                kernel.kill()
        worker.kill()


@contextlib.contextmanager
def _clean(runs: list[Run], build: Path) -> Iterator[None]:
    """Remove what unfinished runs began to write, if the block is left in haste."""
    try:
        yield
    except BaseException:
        for run in runs:
            shutil.rmtree(build / "runs" / f".{run.name}.new", ignore_errors=True)
        raise


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
    with _clean(stale, build), at_once(min(jobs or os.cpu_count() or 1, len(stale)), cold) as submit:
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
