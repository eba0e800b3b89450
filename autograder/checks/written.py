"""Written answers and pictures in the notebook: a person grades these, and is told what there is and where."""

from collections.abc import Callable, Sequence

from autograder.checks.declare import check
from autograder.evidence.kinds import SavedPicture, Written
from autograder.program.displays import Shown
from autograder.verdict import Exhibit, Outcome, Verdict

ANSWERS = {
    "written.q1d": "In words: why the two shoes of a wrong pair come from one student",
    "written.q1e": "In words: why the data should be balanced",
    "written.q2c": "In words: which of the two models is better, and why",
    "written.q2d": "In words: why the two accuracies are kept apart",
    "written.q3c": "In words: how the hyperparameters were tuned",
}
_MOST_LISTED = 8  # cells in a sentence
_MOST_PICTURES = 100  # in a result


def answered_in_words(seen: Written, question: str) -> Verdict:
    """Whether anything but the handout's own words stands below a question."""
    answer = seen.answers.get(question)
    pictures = [picture for picture in seen.pictures if picture.question == question]
    exhibit = Exhibit(answer.cells if answer else (), answer.text if answer else "", _exhibited(pictures))
    if answer:
        return _manual(f"answered: {_count(answer.words, 'word')} {_in_cells(answer.cells)}", exhibit)
    if question not in seen.asked:
        observed = f"blank: nothing is recognised as question {question[1:]}{_elsewhere(seen, question)}"
        observed += "" if seen.has_text_cells else "; there are only code cells to look at"
    else:
        observed = f"blank: nothing but the handout's own words {_in_cells(seen.asked[question])}"
    if pictures and question not in ("q2d", "q3c"):
        observed += f"; but {_counted(pictures)} {'is' if len(pictures) == 1 else 'are'} saved there"
    return _manual(observed, exhibit)


def shows_curves(seen: Written) -> Verdict:
    """Pictures below question 3d, and curves anywhere."""
    below = [picture for picture in seen.pictures if picture.question == "q3d"]
    curves = [picture for picture in seen.pictures if picture.shown in (Shown.CURVES, Shown.EITHER)]
    both = [picture for picture in seen.pictures if picture in below or picture in curves]
    if not both:
        observed = "no picture is saved below question 3d, and none of curves elsewhere"
        return _manual(observed + _cleared(seen), Exhibit())
    anywhere = f"{_counted(curves)} of curves {_in_cells_of(curves)}" if curves else "no picture of curves"
    return _manual(f"{anywhere}; below question 3d: {len(below)}", Exhibit(pictures=_exhibited(both)))


def shows_examples(seen: Written, question: str, shoes: str) -> Verdict:
    """Pictures below question 4b or 4c; where there are none, photographs whose code speaks of these shoes."""
    name = question[1:]
    below = [picture for picture in seen.pictures if picture.question == question]
    if below:
        of = " of curves" if all(picture.shown is Shown.CURVES for picture in below) else ""
        observed = f"{_counted(below)}{of} below question {name}, {_in_cells_of(below)}"
        return _manual(observed, Exhibit(pictures=_exhibited(below)))
    others = [p for p in seen.pictures if p.shoes == shoes and p.shown in (Shown.PHOTOGRAPHS, Shown.EITHER)]
    observed = f"no picture is saved below question {name}"
    if others:
        observed += f"; but {_counted(others)} {_in_cells_of(others)}, where the code speaks of {shoes}'s shoes"
    return _manual(observed + ("" if others else _cleared(seen)), Exhibit(pictures=_exhibited(others)))


@check("curves.shown", question="q3d", evidence=Written, automatic=False)
def curves(seen: Written) -> Verdict:
    """Training curves of both models are in the notebook."""
    return shows_curves(seen)


@check("examples.men", question="q4b", evidence=Written, automatic=False)
def men(seen: Written) -> Verdict:
    """A right and a wrong example of men's shoes is shown."""
    return shows_examples(seen, "q4b", "men")


@check("examples.women", question="q4c", evidence=Written, automatic=False)
def women(seen: Written) -> Verdict:
    """A right and a wrong example of women's shoes is shown."""
    return shows_examples(seen, "q4c", "women")


def _declare(id: str, title: str) -> Callable[[Written], Verdict]:
    question = id.removeprefix("written.")

    def by_hand(seen: Written) -> Verdict:
        return answered_in_words(seen, question)

    by_hand.__doc__ = title
    return check(id, question=question, evidence=Written, automatic=False)(by_hand)


for _id, _title in ANSWERS.items():
    _declare(_id, _title)


def _manual(observed: str, exhibit: Exhibit) -> Verdict:
    return Verdict(Outcome.MANUAL, observed=observed, exhibit=exhibit)


def _exhibited(pictures: Sequence[SavedPicture]) -> tuple[tuple[int, int, str], ...]:
    return tuple((picture.cell, picture.number, picture.kind) for picture in pictures[:_MOST_PICTURES])


def _elsewhere(seen: Written, question: str) -> str:
    """Words that may be meant for a question whose heading is gone: those below the last one asked before it."""
    before = max((place for place in seen.asked if place < question), default="")
    answer = seen.answers.get(before)
    if not answer or before in (id.removeprefix("written.") for id in ANSWERS):
        return ""
    where = f"below question {before[1:]}" if before else "below no question"
    verb = "stands" if answer.words == 1 else "stand"
    return f"; {_count(answer.words, 'word')} {verb} {where}, {_in_cells(answer.cells)}"


def _cleared(seen: Written) -> str:
    return "" if seen.has_outputs else "; no output of any cell is saved"


def _counted(pictures: Sequence[SavedPicture]) -> str:
    return _count(len(pictures), "picture")


def _in_cells_of(pictures: Sequence[SavedPicture]) -> str:
    return _in_cells(tuple(dict.fromkeys(picture.cell for picture in pictures)))


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _in_cells(cells: Sequence[int]) -> str:
    listed = ", ".join(str(cell) for cell in cells[:_MOST_LISTED])
    more = f" and {len(cells) - _MOST_LISTED} more" if len(cells) > _MOST_LISTED else ""
    return f"in {'cell' if len(cells) == 1 else 'cells'} {listed}{more}"
