"""`python -m autograder` is the `autograder` command."""

import sys

if not sys.flags.safe_path:
    # Python looks for modules in the working directory first, and that may be a submission's folder: nothing that lies
    # there is for this process to import. What lies beside this package is, where it is not installed.
    del sys.path[0]
    sys.path.append(__file__.rpartition("autograder")[0])

from autograder.cli import main

main()
