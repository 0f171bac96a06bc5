"""Values that carry row labels, put in the order of the effects by those labels, or refused."""

from __future__ import annotations

from typing import Any

from meta.errors import InputError


def labelled(values: Any) -> bool:
    """Whether values carry row labels of their own; the default labels 0, 1, 2, ... say nothing.

    >>> import pandas as pd
    >>> labelled([1, 2]), labelled(pd.Series([1, 2])), labelled(pd.Series([1, 2], index=["b", "a"]))
    (False, False, True)
    """
    if not (hasattr(values, "iloc") and hasattr(values, "index")):
        return False
    return not _default(values.index)


def labelled_by_position(frame: Any) -> bool:
    """Whether a pandas DataFrame's columns are called 0, 1, 2, ..., which names nothing.

    >>> import pandas as pd
    >>> labelled_by_position(pd.DataFrame([[1, 2]])), labelled_by_position(pd.DataFrame({"dose": [1]}))
    (True, False)
    """
    return hasattr(frame, "iloc") and hasattr(frame, "columns") and _default(frame.columns)


def align(values: Any, index: Any, what: str, *, k: int | None = None) -> Any:
    """Rows of a pandas Series or DataFrame in the order of the effects.

    Unlabelled values (lists, arrays, the default RangeIndex) are taken as they stand. Equal labels in equal
    order, repeated or not, are taken as they stand; a permutation of unique labels is put in order; anything
    else is refused.

    Parameters
    ----------
    values : object
        What the caller gave; returned as it is unless it carries labels.
    index : pandas.Index, sequence or None
        Labels of the effects; None where they have none but their positions.
    what : str
        The argument's name, for the refusal.
    k : int, optional
        Number of effects, needed where ``index`` is None.

    Returns
    -------
    object
        ``values``, in order.

    Examples
    --------
    >>> import pandas as pd
    >>> dose = pd.Series([1, 2], index=["b", "a"])
    >>> align(dose, ["a", "b"], "dose").tolist()
    [2, 1]
    >>> align(dose, ["a", "c"], "dose")
    Traceback (most recent call last):
    ...
    meta.errors.InputError: dose has row labels that are not those of the effects ('b'); ...
    """
    if not labelled(values):
        return values
    import pandas as pd

    given = values.index
    wanted = pd.RangeIndex(len(values) if k is None else k) if index is None else pd.Index(index)
    if given.equals(wanted):
        return values
    remedy = f"give {what}.loc[es.frame.index] or {what}.to_numpy()"
    if not (given.is_unique and wanted.is_unique):
        if sorted(map(repr, given)) == sorted(map(repr, wanted)):
            raise InputError(
                f"{what} has repeated row labels in another order than the effects, so its rows cannot be "
                f"told apart; {remedy} in the order of the effects"
            )
        raise _other(what, given.difference(wanted), given, remedy)
    order = wanted.get_indexer(given)
    if len(given) != len(wanted) or (order < 0).any():
        raise _other(what, given[order < 0], given, remedy)
    return values.iloc[given.get_indexer(wanted)]


def _default(index: Any) -> bool:
    import pandas as pd

    return bool(index.equals(pd.RangeIndex(len(index)))) and index.nlevels == 1


def _other(what: str, unknown: Any, given: Any, remedy: str) -> InputError:
    if len(unknown):
        return InputError(
            f"{what} has row labels that are not those of the effects ({unknown[0]!r}); {remedy}"
        )
    return InputError(f"{what} has {len(given)} labelled rows, but not one for each effect; {remedy}")
