"""What each problem of the API means: one page each, written in `docs/problems`."""
