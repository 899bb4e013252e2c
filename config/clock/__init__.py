"""Celery as it runs here: brokers, beat, what all tasks have in common, and how they stand."""
