"""Browser pages of the inventory app, and the two that serve every verb."""
