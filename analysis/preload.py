"""What every notebook needs, imported and used once: kernels forked from a process that imported this start with it."""

import io

import IPython.display  # noqa: F401
import krippendorff  # noqa: F401
import lifelines  # noqa: F401
import matplotlib.pyplot  # noqa: F401
import pandas as pd
import scipy.stats  # noqa: F401
import statsmodels.stats.proportion  # noqa: F401
from matplotlib.figure import Figure

from analysis import dataset, figures, measures, schemas, style, tables  # noqa: F401

# pandera looks up its ways with pandas at the first validation, matplotlib loads its back ends at the first drawing.
for _table in schemas.TABLES:
    for _name, _column in schemas.rules(_table).items():
        _column.validate(pd.DataFrame({_name: pd.Series([], dtype="Int64" if _column.dtype else object)}))
_figure = Figure()
_figure.add_subplot().plot([0, 1])
for _kind in ("png", "svg"):
    _figure.savefig(io.BytesIO(), format=_kind)
