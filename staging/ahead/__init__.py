"""Looking ahead: what will be short, go stale or overflow until a shift ends."""
