"""The papermill engine."""

from __future__ import annotations

import os
from collections.abc import Mapping

import papermill
from papermill.engines import NBClientEngine, papermill_engines
from traitlets.config import Config

from .kernels import WarmManager


class WarmEngine(NBClientEngine):
    """papermill's own engine, with kernels that are forked from a server if they can be."""

    @classmethod
    def execute_managed_notebook(cls, nb_man, kernel_name, config=None, **kwargs):
        """Execute a prepared notebook; `config` may hold the traits of :class:`WarmManager`."""
        super().execute_managed_notebook(
            nb_man, kernel_name, kernel_manager_class=WarmManager, config=config or Config(), **kwargs
        )


def run(notebook, output, parameters, server: str, cwd, env: Mapping[str, str] | None, timeout, options: dict):
    """Do what :func:`analysis.warm.execute` says."""
    papermill_engines.register("warm", WarmEngine)
    config = Config(options.pop("config", None) or {})
    config.WarmManager.server = server
    config.WarmManager.env = dict(env or {})
    config.WarmManager.cwd = os.path.abspath(cwd or os.getcwd())
    options = {"progress_bar": False, "shutdown_kernel": "immediate", "execution_timeout": timeout, **options}
    return papermill.execute_notebook(notebook, output, parameters, engine_name="warm", config=config, **options)
