"""Day two: command lines, and with a real sshd the way to a machine."""
