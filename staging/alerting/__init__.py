"""Alerts: what the clock raises, how they live, and when they close."""
