"""Where the course keeps its copy of this repository: the badge and the installation in the notebooks lead there."""

REPOSITORY = "OWNER/shoe-pair-autograder"  # on GitHub
BRANCH = "main"
