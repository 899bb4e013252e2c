"""What every answer of the API says beside its body, and how many a client may ask for."""
