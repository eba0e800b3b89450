"""Questions 1b and 1c: pairs that belong together, and pairs that do not."""

from collections import Counter

from autograder.checks.declare import check
from autograder.evidence.kinds import GROUPED, OTHER_COUNT, DifferentPairs, PairImages, SamePairs
from autograder.verdict import Verdict, failed, partial, passed, skipped
from fixtures.catalogue import Shoe

Row = tuple[Shoe | None, Shoe | None]


def _shape(seen: PairImages) -> Verdict:
    rows = 3 * seen.students
    expected = f"an array [3N, 448, 224, 3], here [{rows}, 448, 224, 3] for {seen.students} students"
    observed = f"the shape {list(seen.shape)}"
    if seen.layout == "as asked":
        if seen.only_this_size:
            hint = "Could every number of students in it follow from the array it is given?"
            return partial(expected, f"it works for {seen.students} students only, a number written into it", hint)
        return passed(expected, observed)
    if seen.layout == GROUPED:
        return failed(expected, f"{observed}: {seen.layout}", "How many axes should the result have?")
    if seen.layout == OTHER_COUNT:
        hint = "Three examples a student: how many times does your innermost loop run, and what does it count?"
        return failed(expected, observed, hint)
    if seen.layout:
        return partial(expected, f"{observed}: {seen.layout}", "Which order of the axes does plt.imshow need?")
    if len(seen.shape) == 4 and seen.shape[1:] == (224, 448, 3):
        hint = "The shoes lie side by side. Along which axis should they be joined to lie one above the other?"
    else:
        hint = "Which axes does one picture of two shoes have, and which axis counts the examples?"
    return failed(expected, observed, hint)


@check("same.shape", question="q1b", evidence=SamePairs)
def same_pairs_are_tall_pictures(seen: SamePairs) -> Verdict:
    """`generate_same_pair` returns [3N, 448, 224, 3]."""
    return _shape(seen)


@check("different.shape", question="q1c", evidence=DifferentPairs)
def different_pairs_are_tall_pictures(seen: DifferentPairs) -> Verdict:
    """`generate_different_pair` returns [3N, 448, 224, 3]."""
    return _shape(seen)


def _words(row: Row) -> str:
    return f"{row[0] or 'an unknown picture'} above {row[1] or 'an unknown picture'}"


def _unreadable(seen: PairImages, expected: str) -> Verdict | None:
    if not any(seen.draws):
        return skipped("not looked at, since the shape comes first: no rows of two pictures can be read from it")
    for row_number, row in enumerate(seen.draws[0]):
        if row[0] is None or row[1] is None:
            hint = "Is each half of a row one whole photograph, 224 lines high? Show one with plt.imshow."
            return failed(expected, f"row {row_number} is {_words(row)}", hint)
    if seen.damaged:
        hint = "Show one row with plt.imshow beside the photographs it is made of."
        return failed(expected, f"row {seen.damaged[0]} does not show its two photographs as they are", hint)
    return None


def _sides(rows: list[Row], expected: str) -> Verdict | None:
    """Judge the order of the sides once the pairs are right."""
    left_above = sum(top.side == 0 for top, bottom in rows if top and bottom)
    if left_above == len(rows):
        return None
    if left_above == 0:
        observed = "in every row the right shoe lies above the left one"
    else:
        observed = f"the left shoe lies above in {left_above} of {len(rows)} rows, the right one in the others"
    hint = "If pairs and wrong pairs differ in the order of the sides, that order alone gives the label away."
    return partial(expected, observed, hint)


@check("same.content", question="q1b", evidence=SamePairs)
def every_pair_once(seen: SamePairs) -> Verdict:
    """Every pair occurs once, its left shoe above its right shoe."""
    expected = "every pair once, its left shoe above its right shoe"
    unreadable = _unreadable(seen, expected)
    if unreadable:
        return unreadable
    rows = list(seen.draws[0])
    for number, (top, bottom) in enumerate(rows):
        assert top and bottom
        if top.student != bottom.student or top.pair != bottom.pair:
            hint = "Which index runs over pairs, and is it the same for both shoes of a row?"
            return failed(expected, f"row {number} is {_words((top, bottom))}, which are no pair", hint)
        if top.side == bottom.side:
            hint = "Which index chooses the side, and how does it differ between the two halves?"
            return failed(expected, f"row {number} is {_words((top, bottom))}, twice the same shoe", hint)
    counts = Counter((top.student, top.pair) for top, _ in rows if top)
    (student, pair), most = counts.most_common(1)[0]
    if most > 1 or len(counts) < 3 * seen.students:
        observed = f"pair {pair} of u{student:03d} comes {most} times, and {3 * seen.students - len(counts)} never"
        return failed(expected, observed, "Does every student and every pair get a row of its own?")
    order = [(top.student, top.pair) for top, _ in rows if top]
    remark = "" if order == sorted(order) else "The rows come in an order of their own, which is fine."
    return _sides(rows, expected) or passed(expected, remark=remark)


@check("different.content", question="q1c", evidence=DifferentPairs)
def two_pairs_of_one_student(seen: DifferentPairs) -> Verdict:
    """Every row is a left shoe above a right shoe, of two different pairs of one student."""
    expected = "a left shoe above a right shoe, of two different pairs of one student"
    unreadable = _unreadable(seen, expected)
    if unreadable:
        return unreadable
    every_row: list[Row] = []
    for draw in seen.draws:
        for number, (top, bottom) in enumerate(draw):
            if top is None or bottom is None:
                continue
            if top.student != bottom.student:
                hint = "Could a model tell these two apart by the floor alone?"
            elif top.pair == bottom.pair:
                hint = "These two belong together. From which pair should the second shoe come?"
            elif top.side == bottom.side:
                hint = "Both are of one side. Which index chooses the side, and how does it differ between the halves?"
            else:
                continue
            return failed(expected, f"row {number} is {_words((top, bottom))}", hint)
        every_row += draw
    return _sides(every_row, expected) or passed(expected)


@check("different.balance", question="q1c", evidence=DifferentPairs)
def three_wrong_pairs_for_each_student(seen: DifferentPairs) -> Verdict:
    """Three distinct rows for each student, as many as there are right pairs."""
    expected = f"three different wrong pairs for each of the {seen.students} students, as many as right pairs"
    if not any(seen.draws):
        return skipped("not looked at, since the shape comes first: no rows of two pictures can be read from it")
    for draw in seen.draws:
        counts: dict[int, Counter[tuple[int, int, int]]] = {}
        for top, bottom in draw:
            if top and bottom:
                # Seen without its side, a row and its mirror image (sides exchanged) still count as two.
                counts.setdefault(top.student, Counter())[top.pair, top.side, bottom.pair] += 1
        for student, kinds in sorted(counts.items()):
            (pair, _, other), most = kinds.most_common(1)[0]
            if most > 1:
                observed = f"u{student:03d} has pair {pair} above pair {other} {most} times"
                hint = "Write down the (left, right) pairs that your loop makes for one student. Which comes twice?"
                return failed(expected, observed, hint)
            if len(kinds) != 3:
                hint = "Write down the (left, right) pairs that your loop makes for one student. How many are there?"
                return failed(expected, f"u{student:03d} has {len(kinds)} wrong pairs", hint)
        if len(counts) != seen.students:
            observed = f"{len(counts)} of {seen.students} students have wrong pairs"
            return failed(expected, observed, "Does every student get three rows?")
    return passed(expected)
