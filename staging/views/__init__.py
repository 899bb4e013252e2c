"""Browser pages of the staging app."""
