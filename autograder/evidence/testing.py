"""Question 4a: the best model on both test sets, from submitted weights or after the submission's own training."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from autograder.boundary.replies import Said
from autograder.boundary.replies import trained as trained_says
from autograder.evidence.accuracy import orientation
from autograder.evidence.claims import claimed_accuracy
from autograder.evidence.exam import NOT_ITS_LAYERS, Count, Exam, balanced, believed
from autograder.evidence.gallery import Place
from autograder.evidence.kinds import NoEvidence
from autograder.evidence.laboratory import Bench, Laboratory, Unavailable
from autograder.evidence.orders import Lesson, Look, Order, Trained
from autograder.evidence.running import no_training, ordered_calls, run_somehow, trainer
from autograder.evidence.submitted_weights import try_weights
from autograder.evidence.trace import Recorder
from autograder.evidence.training_kinds import Answered, Curve, TestRun, TestSet
from autograder.program.names import Role
from autograder.program.roles import Candidate
from fixtures.catalogue import Shoe

# Every tenth student validates, as many as the handout's own split.
VALID_SHARE = 0.1
LOOKS = 20
# The one training that takes long has most of the time nothing beside it.
THREADS = 2
TEST_FOLDERS = {"women": "test_w", "men": "test_m"}
TEST_ROLES = {"women": Role.TEST_W, "men": Role.TEST_M}
EPOCHS = 30
# Answers that are shown of each test set.
MOST_WRONG, MOST_RIGHT = 6, 3


def _exam(laboratory: Laboratory, *sets: NDArray[np.float32]) -> Exam:
    return Exam(sets, np.random.default_rng([laboratory.seed, 13]))


class _Data:
    """The photographs in use: some students to learn from, some to validate, and two test sets."""

    def __init__(self, laboratory: Laboratory) -> None:
        photographs = laboratory.photographs
        students = photographs.students("train")
        count = max(1, round(VALID_SHARE * len(students)))
        rows = {round(row) for row in np.linspace(0, len(students) - 1, num=count + 2)[1:-1]}
        self.train = photographs.array("train", [s for row, s in enumerate(students) if row not in rows])
        self.valid = photographs.array("train", [s for row, s in enumerate(students) if row in rows])
        self.tests = [photographs.array(folder, photographs.students(folder)) for folder in TEST_FOLDERS.values()]


def collect(laboratory: Laboratory) -> Iterator[TestRun | NoEvidence]:
    """The model with submitted weights that validates best; without any, what the submission's training makes."""
    data = _Data(laboratory)
    remark = ""
    if laboratory.understanding.bundle.weights:
        run, remark = _with_submitted_weights(laboratory, data)
        if run is not None:
            yield run
            return
    made = _after_training(laboratory, data)
    yield replace(made, remark=" ".join(part for part in (made.remark, remark) if part))


def _with_submitted_weights(laboratory: Laboratory, data: _Data) -> tuple[TestRun | None, str]:
    """The best run, None where no file can be used, and what is worth knowing of the files."""
    exam = _exam(laboratory, data.valid, *data.tests)
    submitted = try_weights(laboratory, exam.images, orientation(laboratory) or "upright")
    remark = " ".join(submitted.remarks)
    judged = [(tried, exam.results(believed(tried.said)[0])) for tried in submitted.answers]
    if not judged:
        return None, remark
    best, results = max(judged, key=lambda pair: balanced(pair[1][0]))
    if not believed(best.said)[1]:
        remark = f"{remark} {NOT_ITS_LAYERS}".strip()
    source = f"the submitted weights {best.source}"
    women, men = _sets(laboratory, results[1:], exam.answers(believed(best.said)[0])[1:])
    return TestRun(best.model, source, 0, balanced(results[0]), women, men, remark=remark), remark


def _after_training(laboratory: Laboratory, data: _Data) -> TestRun | NoEvidence:
    function = trainer(laboratory)
    if isinstance(function, NoEvidence):
        return function
    models = {role: laboratory.found(role) for role in (Role.CHANNEL, Role.CNN)}
    role, model = next(
        ((role, found) for role, found in models.items() if isinstance(found, Candidate)),
        (Role.CHANNEL, models[Role.CHANNEL]),
    )
    if isinstance(model, NoEvidence):
        return model
    budget = laboratory.rubric.training
    validation = _exam(laboratory, data.valid)
    watching = _Validating(validation, budget.good_enough)
    calls = ordered_calls(laboratory, function, role, few=False)
    # A call on a few students only shows how to call; how long to train is then for the budget to say.
    alone = all(call.few for call in calls)
    lesson = Lesson(data.train, data.valid, {"epochs": EPOCHS, "iterations": budget.test_steps} if alone else {})
    names = function.arrays(laboratory.understanding)
    order = Order(
        budget.test_steps,
        budget.test_seconds,
        lambda size, weights: lesson,
        # No test picture is anywhere near a training.
        {name: data.train if r is Role.TRAIN_DATA else data.valid for name, r in names.items()},
        model=role,
        look=Look(validation.images, max(1, budget.test_steps // LOOKS), watching.judged),
        as_given=True,
        threads=THREADS,
    )
    exam = _exam(laboratory, *data.tests)

    def look(bench: Bench, run: Trained) -> Said | None:
        images = {"images": exam.images}
        return bench.ask(trained_says(len(exam.images)), {}, images, processor_seconds=budget.test_seconds)

    try:
        trained, said = run_somehow(laboratory, function, calls, order, after=look)
    except Unavailable as unavailable:
        return unavailable.reason
    if not trained.stepped or said is None:
        return no_training(function, trained)
    steps = watching.best_step or len(trained.trace.steps)
    cut = {"seconds": "its processor time was up", "clock": "its time was up"}.get(trained.ended, "")
    answers, its_own = believed(said)
    women, men = _sets(laboratory, exam.results(answers), exam.answers(answers))
    return TestRun(
        model=model.name,
        source=f"its own training, {steps} steps" if not cut else f"its own training, {steps} steps until {cut}",
        steps=steps,
        valid=watching.best,
        women=women,
        men=men,
        curve=Curve(
            tuple(step.loss for step in trained.trace.steps),
            (("validation students", tuple(watching.points)),),
        ),
        remark=trained.remark if its_own else f"{trained.remark} {NOT_ITS_LAYERS}".strip(),
    )


class _Validating:
    """Keeps the weights that do best on validation students."""

    def __init__(self, exam: Exam, enough: float) -> None:
        self._exam = exam
        self._enough = enough
        self.points: list[tuple[int, float]] = []
        self.best: float | None = None
        self.best_step = 0

    def judged(self, step: int, recorder: Recorder, outputs: Mapping[str, Said]) -> tuple[bool, bool]:
        accuracy = balanced(self._exam.results(believed(outputs["evaluation"])[0])[0])
        self.points.append((step, accuracy))
        better = self.best is None or accuracy >= self.best
        if better:
            self.best, self.best_step = accuracy, step
        return better, accuracy >= self._enough


def _sets(
    laboratory: Laboratory, results: Sequence[tuple[Count, Count]], answers: Sequence[Sequence[tuple[Place, bool]]]
) -> tuple[TestSet, TestSet]:
    made = []
    for who, (pairs, wrong), said in zip(TEST_FOLDERS, results, answers, strict=True):
        claimed, cell = claimed_accuracy(laboratory.understanding, TEST_ROLES[who]) or (None, None)
        shown = some_answers(_answered(laboratory.photographs.students(TEST_FOLDERS[who]), TEST_FOLDERS[who], said))
        made.append(TestSet(pairs, wrong, claimed, cell, shown))
    return made[0], made[1]


def _answered(students: Sequence[int], folder: str, said: Sequence[tuple[Place, bool]]) -> list[Answered]:
    return [
        Answered(Shoe(folder, students[row], left + 1, 0), Shoe(folder, students[row], right + 1, 1), said_same)
        for (row, left, right), said_same in said
    ]


def some_answers(answers: Sequence[Answered]) -> tuple[Answered, ...]:
    """Some that are wrong, then some that are right, of both kinds and of students far apart from each other."""
    shown: list[Answered] = []
    for is_right, most in ((False, MOST_WRONG), (True, MOST_RIGHT)):
        pairs, others = ([a for a in answers if a.is_right == is_right and a.same == same] for same in (True, False))
        of_pairs = min(len(pairs), max(most // 2, most - len(others)))
        shown += [*_spread_out(pairs, of_pairs), *_spread_out(others, most - of_pairs)]
    return tuple(shown)


def _spread_out(answers: Sequence[Answered], most: int) -> list[Answered]:
    count = min(len(answers), most)
    return [answers[number * len(answers) // count] for number in range(count)]
