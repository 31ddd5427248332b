"""The owner's side: start a fork server, know its address, end it."""

from __future__ import annotations

import contextlib
import functools
import json
import logging
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

logger = logging.getLogger(__name__)
SCRIPT = Path(__file__).with_name("__main__.py")


@functools.cache  # a sweep has hundreds of kernels, and one reason
def say(reason: str) -> None:
    """Say once in this process why kernels are ordinary ones."""
    logger.warning("notebooks run in ordinary kernels, which start more slowly: %s", reason)


class Server:
    """A fork server for the kernels of one invocation; a context manager.

    Kernels forked from it share its interpreter, folder and environment, and find its modules imported.
    It starts at once and imports while the caller goes on; clients wait for it.  It ends, and every kernel
    with it, when :meth:`close` is called or the process that made it ends, however that happens.

    Parameters
    ----------
    preload : iterable of str
        Modules to import ahead.  None may start a thread when imported.
    vary : iterable of str, optional
        Environment variables that may differ between kernels; no module of `preload` may read them when
        imported.  A kernel that differs in another one is an ordinary kernel.
    cwd : path, optional
        Folder of the kernels; by default the present one.
    env : mapping, optional
        Environment of the kernels; by default the present one.

    Attributes
    ----------
    address : str
        What clients need, in this process or another: the path of a socket.  Empty, after one line that
        says why, where kernels cannot be forked; clients then start ordinary kernels.
    """

    def __init__(
        self,
        preload: Iterable[str],
        *,
        vary: Iterable[str] = (),
        cwd: str | os.PathLike | None = None,
        env: Mapping[str, str] | None = None,
    ):
        self.address = ""
        self._process = None
        if sys.platform != "linux" or not hasattr(os, "fork"):
            say(f"forking a kernel is not known to be safe on {sys.platform}")
            return
        self._folder = tempfile.mkdtemp(prefix="warm-")
        address = os.path.join(self._folder, "socket")
        options = {"folder": self._folder, "preload": list(preload), "vary": list(vary)}
        try:
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(address)
                os.chmod(address, 0o600)
                listener.listen(128)
                options["socket"] = listener.fileno()
                self._process = subprocess.Popen(
                    [sys.executable, str(SCRIPT), json.dumps(options)],
                    stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, pass_fds=[listener.fileno()],
                    cwd=cwd, env=env, start_new_session=True,
                )  # fmt: skip
        except OSError as error:
            say(f"the fork server does not start ({error})")
            self.close()
        else:
            self.address = address

    def close(self) -> None:
        """End the server and all its kernels, and remove its folder."""
        if self._process:
            with contextlib.suppress(OSError), self._process.stdin as pipe:
                pipe.write(b"\n")  # a process forked from this one may hold the pipe open
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        if self.address:
            shutil.rmtree(self._folder, ignore_errors=True)
        self.address = ""

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_) -> None:
        self.close()
