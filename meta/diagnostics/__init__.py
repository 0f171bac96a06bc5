"""How much a result rests on single studies, on their order and on their choice: one file per function."""

# each function's file bears its name: the import that binds the function must come after the file's own
from meta.diagnostics.baujat import baujat
from meta.diagnostics.cumulative import cumulative
from meta.diagnostics.gosh import gosh
from meta.diagnostics.gosh_clusters import gosh_clusters
from meta.diagnostics.influence import influence
from meta.diagnostics.leave_one_out import leave_one_out
from meta.diagnostics.outliers import outliers
from meta.diagnostics.profile import profile
from meta.diagnostics.qq import qq
from meta.diagnostics.residuals import residuals

__all__ = [
    "baujat",
    "cumulative",
    "gosh",
    "gosh_clusters",
    "influence",
    "leave_one_out",
    "outliers",
    "profile",
    "qq",
    "residuals",
]


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> object:
    raise AttributeError(
        f"module 'meta.diagnostics' has no attribute {name!r}; it offers {', '.join(__all__)}"
    )
