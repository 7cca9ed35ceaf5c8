"""`python -m preview new`: a stack file for a compose file that nobody has put here before."""
