"""E-mail: what every one needs to be written, and how all are sent."""
