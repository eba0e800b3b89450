"""From a submission's replies to frozen evidence: one module for each part, named like its checks."""
