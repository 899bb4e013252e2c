"""Who may use the API from outside: clients, their tokens, and what each is for."""

from integration.access.settings import ClientSettings, settings_of

__all__ = ["ClientSettings", "settings_of"]
