"""Where the course keeps its copy of this repository: the badge and the installation in the notebooks lead there,
and workflows install its tagged version."""

REPOSITORY = "OWNER/shoe-pair-autograder"  # on GitHub
BRANCH = "main"
TAG = "v0.1.0"
