"""A user's own repository: its files, and Drawbridge as a submodule, a subtree or an unpacked release."""
