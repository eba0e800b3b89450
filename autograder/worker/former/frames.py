"""What was meant by methods and arguments that pandas has no more."""

import sys
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from autograder.worker.former.entries import Note


def append_rows(frame: Any, other: Any, ignore_index: bool = False, verify_integrity: bool = False, **how: Any) -> Any:
    """`frame.append(row)`: a new table with one more row, or with the rows of others."""
    pandas = sys.modules["pandas"]
    if isinstance(other, dict) and not ignore_index:
        raise TypeError("Can only append a dict if ignore_index=True")
    several = other if isinstance(other, list | tuple) else [other]
    rows = [pandas.Series(part) if isinstance(part, Mapping) else part for part in several]
    if isinstance(frame, pandas.DataFrame):
        rows = [row.to_frame().T.infer_objects() if isinstance(row, pandas.Series) else row for row in rows]
    return pandas.concat([frame, *rows], ignore_index=ignore_index, verify_integrity=verify_integrity)


class _ByLabelOrPlace:
    """`frame.ix[...]`: by label, or by place where the labels are no numbers."""

    def __init__(self, table: Any) -> None:
        self._table = table

    def _labels(self, key: Any) -> Any:
        keys = key if isinstance(key, tuple) else (key,)
        labels = tuple(_label(part, axis) for part, axis in zip(keys, self._table.axes, strict=False))
        return labels if isinstance(key, tuple) else labels[0]

    def __getitem__(self, key: Any) -> Any:
        return self._table.loc[self._labels(key)]

    def __setitem__(self, key: Any, value: Any) -> None:
        self._table.loc[self._labels(key)] = value


def _label(key: Any, axis: Any) -> Any:
    if isinstance(key, slice):
        places = all(part is None or isinstance(part, int) for part in (key.start, key.stop))
    else:
        places = all(isinstance(part, int) for part in (key if isinstance(key, list) else [key]))
    return axis[key] if places and axis.dtype.kind not in "iu" else key


by_label_or_place = property(_ByLabelOrPlace)


def mean_absolute_deviation(table: Any, axis: int = 0) -> Any:
    """The mean distance from the mean."""
    return (table - table.mean()).abs().mean() if not axis else table.T.sub(table.T.mean()).abs().mean()


def set_value(table: Any, *place_and_value: Any) -> Any:
    """`frame.set_value(row, column, value)`."""
    *place, value = place_and_value
    table.at[tuple(place) if len(place) > 1 else place[0]] = value
    return table


def fills_with_neighbours(fill: Callable[..., Any], note: Note) -> Callable[..., Any]:
    """`frame.fillna(method="ffill")`."""

    @wraps(fill)
    def filled(self: Any, *args: Any, method: str | None = None, **named: Any) -> Any:
        if method is None:
            return fill(self, *args, **named)
        note()
        return (self.ffill if method in ("ffill", "pad") else self.bfill)(**named)

    return filled


def widths_without_end(set_option: Callable[..., Any], note: Note) -> Callable[..., Any]:
    """`pd.set_option("display.max_colwidth", -1)`."""

    @wraps(set_option)
    def was_set(*args: Any, **named: Any) -> Any:
        if any(isinstance(value, int) and value == -1 for value in args):
            note()
            args = tuple(None if isinstance(value, int) and value == -1 else value for value in args)
        return set_option(*args, **named)

    return was_set


def value_counts(values: Any, **how: Any) -> Any:
    """`pd.value_counts(values)`."""
    return sys.modules["pandas"].Series(values).value_counts(**how)


def what_of_bad_lines(is_error: bool) -> str:
    """`error_bad_lines=False`."""
    return "error" if is_error else "warn"
