"""What the libraries of earlier terms had and those of today have not, and what stands in for it.

`table.py` is the table: one line for each name, argument or habit that is gone. `entries.py` says what a line may be,
`meanings.py` holds what takes more than a name to stand in for, `mending.py` puts all of it in place.
"""

from autograder.worker.former.mending import Former
from autograder.worker.former.table import FORMER

__all__ = ["FORMER", "Former"]
