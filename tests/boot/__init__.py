"""Machines booted for real from the rendered user-data (make boot)."""
