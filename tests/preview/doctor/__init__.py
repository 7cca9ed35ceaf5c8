"""The doctor: what each service answers, and what is made of it."""
