"""Things of ours by what other systems call them, kept by those systems."""
