"""The API's document: examples that were really answered, and each common error said once."""
