"""All verbs at random, beside a model in plain Python that says what should have come of it."""
