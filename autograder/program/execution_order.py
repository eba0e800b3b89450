"""A notebook in the order in which its cells were last run, where that is another than the one in which they stand."""

from dataclasses import replace

from autograder.submission.bundle import Bundle


def as_executed(bundle: Bundle) -> Bundle | None:
    """The bundle with its statements in the order of execution counts; None where the cells stand in that order, or
    too few of them tell it.

    A cell that was never run stays behind the one that it follows.
    """
    counts = {cell.number: cell.executed for cell in bundle.cells if cell.kind == "code" and cell.source.strip()}
    known = [count for count in counts.values() if count is not None]
    if len(known) < 2 or known == sorted(known):
        return None
    order: dict[int, tuple[int, int]] = {}
    last = 0
    for number, count in counts.items():
        last = count if count is not None else last
        order[number] = (last, number)
    statements = sorted(bundle.statements, key=lambda s: (*order.get(s.cell, (0, s.cell)), s.line))
    return replace(bundle, statements=tuple(statements))
