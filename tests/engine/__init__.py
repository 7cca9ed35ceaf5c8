"""The real Pulumi engine over a stand-in for the clouds."""
