"""Notebooks in kernels that start in milliseconds.

One process imports the modules that notebooks need; each kernel is a fork of it.  The kernels are real
ones (ipykernel), run by papermill.  What would make a forked kernel differ from an ordinary one, makes
it an ordinary one, after one line that says why.  Only the hash seed is shared by all forks of a server::

    with warm.Server(["pandas", "matplotlib.pyplot"], vary=["RUN"]) as server:
        warm.execute("in.ipynb", "out.ipynb", {"year": 2024}, server=server.address, env={"RUN": "first"})

`execute` may be called from many threads or processes at once.  In processes of their own, pass them the
address.  Nothing here is kept between invocations and nothing is left on disk.
"""

from __future__ import annotations

from collections.abc import Mapping

from .server import Server

__all__ = ["Server", "execute"]


def execute(
    notebook,
    output,
    parameters: dict | None = None,
    *,
    server: str = "",
    cwd=None,
    env: Mapping[str, str] | None = None,
    timeout: float | None = None,
    **options,
):
    """Execute a notebook with papermill, in a forked kernel or an ordinary one.

    Parameters
    ----------
    notebook, output : path
        The notebook, and where to write it with its outputs.
    parameters : dict, optional
        Its parameters.
    server : str
        Address of a :class:`Server`; when empty, the kernel is an ordinary process.
    cwd : path, optional
        Folder of the kernel; that of this process by default, which never changes.
    env : mapping, optional
        Environment variables for the kernel beside those of this process, which never changes.
    timeout : float, optional
        Seconds that a cell may take.
    **options
        Passed on to `papermill.execute_notebook`; the kernel is killed at the end unless they say otherwise.

    Returns
    -------
    nbformat.NotebookNode
        The executed notebook.

    Raises
    ------
    papermill.exceptions.PapermillExecutionError
        If a cell fails.
    nbclient.exceptions.CellTimeoutError, nbclient.exceptions.DeadKernelError
        If a cell takes too long, or its kernel dies.
    """
    import papermill  # noqa: F401  before our engine: it loads that by its entry point, which must not be half imported then

    from .engine import run

    return run(notebook, output, parameters, server, cwd, env, timeout, options)
