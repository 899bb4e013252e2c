"""Notifications: alerts told to people, in the app and by e-mail. docs/notices.md."""
