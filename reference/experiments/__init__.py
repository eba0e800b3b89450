"""What was tried, and how each choice was made: on students held out of the training folder, never on a test set."""
