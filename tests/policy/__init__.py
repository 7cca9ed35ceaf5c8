"""The policy pack without the engine and its SDK."""
