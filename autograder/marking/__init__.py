"""Marks that a person gives for what no program judges, such as the written answers.

`grade` writes `marking.csv`, one line for each answer (`sheet.py`). Copies of it come back from spreadsheets with
points and comments (`reading.py`; what is not understood is refused), and all marks are kept in `marks.json`
(`kept.py`). That file alone is what a person has decided: results, reports and tables only show it. A mark changes
nothing of a result but what can be taken away again (`marks.py`), so whenever something is written, marks are taken off
what is there and those of `marks.json` are put on (`merging.py`). Therefore a class that is graded again has its marks,
and a mark stands on no other answer than the one that it was given for.
"""
