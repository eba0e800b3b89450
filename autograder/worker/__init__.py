"""The student's side: runs a submission's program and answers requests about it. The judge imports nothing of it."""
