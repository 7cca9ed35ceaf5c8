"""Changes that were judged by hand, and how the preview judges them: `python -m tests.verdict`."""
