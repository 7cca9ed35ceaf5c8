"""What every example registers, written down and compared: `make golden` updates it."""
