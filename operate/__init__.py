"""Day two: see, reach and repair what a stack runs, by the engine's outputs and AWS's own API."""
