"""Faults in the product, each made in a copy: `python -m tests.mutations` says which ones the tests near them notice."""
