"""Question 1a: the arrays of photographs."""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from autograder.checks.declare import Settings, check
from autograder.evidence.kinds import VALUE_FORMS, LoadedArray, LoadedData
from autograder.verdict import Verdict, failed, partial, passed, skipped
from fixtures.catalogue import SIDES, Shoe

FOLDER_OF_ROLE = {"test_w": "test_w", "test_m": "test_m"}
TRAINING = ("train_data", "valid_data")


def students(numbers: object) -> str:
    """A few student numbers in words."""
    listed = [f"u{number:03d}" for number in sorted(numbers)]  # type: ignore[call-overload]
    return ", ".join(listed) if len(listed) <= 4 else f"{', '.join(listed[:3])} and {len(listed) - 3} more"


def place(row: int, pair: int, side: int) -> str:
    return f"[{row}, {pair}, {side}]"


def present(seen: LoadedData) -> list[LoadedArray]:
    """The arrays that there are and that hold anything."""
    return [array for array in seen.arrays if array.problem is None and array.shape[:1] != (0,)]


def absent(seen: LoadedData) -> LoadedArray | None:
    return next((array for array in seen.arrays if array.problem is not None), None)


@check("data.shape", question="q1a", evidence=LoadedData)
def four_arrays_of_triplets(seen: LoadedData) -> Verdict:
    """Arrays [N, 3, 2, 224, 224, 3] for training, validation and both test sets."""
    expected = "train_data, valid_data, test_w and test_m, each of shape [N, 3, 2, 224, 224, 3]"
    gone = absent(seen)
    if gone is not None and gone.problem is not None:
        if not present(seen):
            return Verdict(gone.problem.outcome, expected, gone.problem.observed, gone.problem.hint)
        return failed(expected, gone.problem.observed, gone.problem.hint)
    by_role = {array.role: array for array in seen.arrays}
    trained_on = any(by_role[role].shape[:1] != (0,) for role in TRAINING)
    for array in seen.arrays:
        # An empty validation set beside a full training set is a matter of the split.
        empty = array.shape[:1] == (0,) and not (array.role in TRAINING and trained_on)
        if array.shape[1:] == (3, 2, 224, 224, 3) and not empty:
            continue
        observed = f"{array.name} has the shape {list(array.shape)}"
        if array.shape[:1] == (0,):
            hint = "Not one photograph arrived in it. Does the pattern with which you look for files match any name?"
        elif array.shape[-1:] == (4,):
            hint = "The fourth channel is alpha, how opaque each pixel is. Where could you leave it out?"
        elif len(array.shape) != 6:
            hint = "Which axis of your array counts students, which pairs, which sides? Each needs one of its own."
        else:
            hint = "Which of the six axes has another length than the assignment asks for, and what does it count?"
        return failed(expected, observed, hint)
    return passed(expected, ", ".join(f"{array.name} {list(array.shape)}" for array in seen.arrays))


def _as_old_terms_did(array: LoadedArray) -> bool:
    return array.form == "divided twice"


@check("data.values", question="q1a", needs=("data.shape",), evidence=LoadedData, wants_settings=True)
def normalised_values(seen: LoadedData, settings: Settings) -> Verdict:
    """Floats equal to 8-bit value / 255 - 0.5, alpha dropped, full range."""
    expected = "floating-point values equal to 8-bit value / 255 - 0.5, from -0.5 to 0.5"
    remark = ""
    for array in present(seen):
        if array.form == "exact" and not array.strange:
            continue
        old_terms = seen.reads_with_matplotlib and settings.imread_gave_bytes
        if _as_old_terms_did(array) and old_terms and not array.strange:
            remark = "Right under matplotlib before 3.3, for which this rubric grades; divided twice under newer ones."
            continue
        return _wrong_values(expected, array, seen.reads_with_matplotlib, old_terms)
    return passed(expected, remark=remark)


def _wrong_values(expected: str, array: LoadedArray, with_matplotlib: bool, old_terms: bool) -> Verdict:
    span = f"values of {array.name} lie in [{array.low:.4g}, {array.high:.4g}]"
    if array.strange and (array.form == "exact" or (_as_old_terms_did(array) and old_terms)):
        strange = array.strange
        where = f"{array.name}{place(*strange[0])}" + (f" and {len(strange) - 1} more" if len(strange) > 1 else "")
        hint = "Is this place ever written to, or does it keep what the array was made with?"
        return failed(expected, f"{where} differ from their photographs", hint)
    observed = f"{span} ({array.dtype}): they are {VALUE_FORMS[array.form]}"
    if array.form == "divided twice" and with_matplotlib:
        observed = (
            f"{span}: `plt.imread` already returned 0..1 for these files, and dividing by 255 again squashed them"
        )
        hint = "Print the largest value of one picture right after reading it, and only then decide what to divide by."
        remark = "With matplotlib before 3.3, imread gave 0..255 for these files, and this division was right."
        return failed(expected, observed, hint, remark)
    hints = {
        "not shifted": "One step of the normalisation is still to come: the values should lie around 0.",
        "not divided": "Which range do the values have before you subtract 0.5?",
        "raw": "The pixels are as they were in the file. Which two steps does the handout ask for?",
        "divided twice": "How large is the largest value of a picture before each of your divisions?",
        "divided twice, not shifted": "How large is the largest value of a picture right after reading it?",
        "divided by 256": "The largest 8-bit value should become exactly 0.5. Which divisor does that?",
        "to -1..1": "The values should span 1 in all, from -0.5 to 0.5. How much do yours span?",
        "blue first": "Compare one picture with its file on the screen: are the colours the same?",
        "transposed": "Show one picture. Which axis of the array counts rows, and which counts columns?",
        "mirrored": "Show one picture beside its file. Do both shoes look into the same direction?",
    }
    if "int" in array.dtype or "bool" in array.dtype:
        hint = "This type holds no fractions: which type should the array have before you subtract 0.5?"
        return failed(expected, f"{span}, whole numbers of type {array.dtype}", hint)
    fallback = "Take one pixel of one file, work out by hand what it should become, and compare."
    if array.form == "unknown":
        observed = f"{span} ({array.dtype}), and not those of the photographs"
    return failed(expected, observed, hints.get(array.form, fallback))


def _shoes(array: LoadedArray) -> Iterator[tuple[int, int, int, Shoe | None]]:
    for row, pairs in enumerate(array.places):
        for pair, sides in enumerate(pairs):
            for side, shoe in enumerate(sides):
                yield row, pair, side, shoe


def _row_students(array: LoadedArray) -> list[int | None]:
    """The student of each row, by most of its pictures; None where no picture can be read."""
    numbers = []
    for pairs in array.places:
        counts = Counter(shoe.student for sides in pairs for shoe in sides if shoe)
        numbers.append(counts.most_common(1)[0][0] if counts else None)
    return numbers


def _readable(array: LoadedArray) -> bool:
    found = [shoe is not None for *_, shoe in _shoes(array)]
    return sum(found) > len(found) / 2


@check("data.order", question="q1a", needs=("data.shape",), evidence=LoadedData)
def each_picture_at_its_place(seen: LoadedData) -> Verdict:
    """Rows in ascending student number, pair index in file order, left at 0 and right at 1."""
    expected = "rows in ascending student number, pairs in the order of the file names, left shoes at 0, right at 1"
    arrays = present(seen)
    for array in arrays:
        if not _readable(array):
            return skipped(f"not looked at, since the pictures in {array.name} cannot be recognised any more")
    for fault in (_mixed_rows, _sides_exchanged, _pairs_exchanged):
        for array in arrays:
            verdict = fault(expected, array)
            if verdict is not None:
                return verdict
    return _rows_in_order(expected, arrays)


def _mixed_rows(expected: str, array: LoadedArray) -> Verdict | None:
    for row, pairs in enumerate(array.places):
        numbers = {shoe.student for sides in pairs for shoe in sides if shoe}
        if len(numbers) > 1:
            hint = "On which photograph does your code move on to the next row? Is it sure to have all six by then?"
            return failed(expected, f"row {row} of {array.name} mixes students {students(numbers)}", hint)
    return None


def _sides_exchanged(expected: str, array: LoadedArray) -> Verdict | None:
    seen = [(row, pair, side, shoe) for row, pair, side, shoe in _shoes(array) if shoe]
    wrong = [(row, pair, side, shoe) for row, pair, side, shoe in seen if shoe.side != side]
    if len(wrong) == len(seen):
        hint = "Which number does your code give to the word in the file name, and which does the handout give?"
        return failed(expected, f"left and right are swapped: index 0 of {array.name} holds right shoes", hint)
    if wrong:
        row, pair, side, shoe = wrong[0]
        observed = (
            f"{array.name}{place(row, pair, side)} holds a {SIDES[shoe.side]} shoe, as do {len(wrong) - 1} others"
        )
        return failed(expected, observed, "Does the side come from the file name, or from the order of the files?")
    return None


def _pairs_exchanged(expected: str, array: LoadedArray) -> Verdict | None:
    wrong = [(row, pair, side, shoe) for row, pair, side, shoe in _shoes(array) if shoe and shoe.pair != pair + 1]
    if not wrong:
        return None
    row, pair, side, shoe = wrong[0]
    observed = f"{array.name}{place(row, pair, side)} holds {shoe}, a shoe of pair {shoe.pair}"
    more = f", and {len(wrong) - 1} other places differ too" if len(wrong) > 1 else ""
    return failed(
        expected, observed + more, "What decides about the pair's index: the file name, or the order of files?"
    )


def _rows_in_order(expected: str, arrays: list[LoadedArray]) -> Verdict:
    ascending = {array.role: _is_ascending(_row_students(array)) for array in arrays}
    tests_ascend = [ascending[role] for role in ("test_w", "test_m") if role in ascending]
    if not all(ascending.values()):
        if tests_ascend and all(tests_ascend):
            return passed(
                expected,
                remark="The split shuffles the students, so train_data[4] is not the fifth student; nothing else "
                "depends on it.",
            )
        array = next(array for array in arrays if not ascending[array.role])
        shown = ", ".join("?" if n is None else f"u{n:03d}" for n in _row_students(array)[:5])
        hint = "In which order does a folder list its files? It promises none, so which step could put them in order?"
        return failed(expected, f"the first rows of {array.name} are {shown}", hint)
    return _right_folders(expected, arrays)


def _is_ascending(numbers: list[int | None]) -> bool:
    known = [number for number in numbers if number is not None]
    return all(a < b for a, b in pairwise(known))


def _right_folders(expected: str, arrays: list[LoadedArray]) -> Verdict:
    """Whether the test sets come from their folders; where train and validation come from is a matter of the split."""
    most = {}
    for array in arrays:
        counts = Counter(shoe.folder for *_, shoe in _shoes(array) if shoe)
        most[array.role] = counts.most_common(1)[0][0]
    tests = [array for array in arrays if array.role in FOLDER_OF_ROLE]
    wrong = [array for array in tests if most[array.role] != FOLDER_OF_ROLE[array.role]]
    if not wrong:
        return passed(expected)
    observed = f"{wrong[0].name} holds the photographs of the folder {most[wrong[0].role]}"
    if (most.get("test_w"), most.get("test_m")) == ("test_m", "test_w"):
        hint = "Both test sets are loaded rightly, each under the other's name. Which letter stands for which?"
        return partial(expected, observed, hint)
    return failed(expected, observed, "Which folder does the path lead to from which this array is made?")


@check("data.split", question="q1a", needs=("data.shape",), evidence=LoadedData)
def students_on_one_side_only(seen: LoadedData) -> Verdict:
    """Train and validation are both non-empty, share no student and are together the train folder."""
    expected = "train_data and valid_data without a student in common, together all students of the train folder"
    by_role = {array.role: array for array in seen.arrays}
    train, valid = by_role["train_data"], by_role["valid_data"]
    for array in (train, valid):
        if array.problem is not None:
            return Verdict(array.problem.outcome, expected, array.problem.observed, array.problem.hint)
        if not array.places:
            hint = "How many students does your split leave on each side?"
            return failed(expected, f"{array.name} is empty", hint)
        if not _readable(array):
            return skipped(f"not looked at, since the pictures in {array.name} cannot be recognised any more")
    sides = [{shoe.student for *_, shoe in _shoes(array) if shoe} for array in (train, valid)]
    both = sides[0] & sides[1]
    if both:
        observed = f"{students(both)} {'is' if len(both) == 1 else 'are'} in both train_data and valid_data"
        hint = "A model may recognise such a student by the floor. Where exactly does one slice end and the next begin?"
        return failed(expected, observed, hint)
    doubled = _doubled(train) or _doubled(valid)
    if doubled:
        return failed(expected, doubled, "How often may one student occur in all of your rows?")
    return _whole_folder(expected, seen, train, valid, sides[0] | sides[1])


def _doubled(array: LoadedArray) -> str:
    counts = Counter(number for number in _row_students(array) if number is not None)
    number, count = counts.most_common(1)[0] if counts else (0, 0)
    return f"u{number:03d} fills {count} rows of {array.name}" if count > 1 else ""


def _whole_folder(expected: str, seen: LoadedData, train: LoadedArray, valid: LoadedArray, found: set[int]) -> Verdict:
    everyone, without_png = set(seen.students["train"]), set(seen.without_png)
    strangers = found - everyone
    if strangers:
        hint = "The test sets are for the very end. From which folder do these rows come?"
        return failed(expected, f"{students(strangers)} are not in the train folder", hint)
    lost = (without_png if found <= without_png else everyone) - found
    sizes = f"{len(train.places)} students for training and {len(valid.places)} for validation"
    # Rows that were never filled stand for students, too; data.values is about them.
    unfilled = sum(number is None for array in (train, valid) for number in _row_students(array))
    if len(lost) > unfilled:
        hint = "Count the rows of both arrays and the students of the folder. Between which two slices does one fall?"
        return failed(expected, f"{students(lost)} {'is' if len(lost) == 1 else 'are'} in neither; {sizes}", hint)
    remark = ""
    if found == without_png and found != everyone:
        named = students(everyone - found)
        remark = f"The photographs of {named} end in .png and are not loaded; that is accepted."
    return passed(expected, sizes, remark)
