"""Exports for tools: the ledger with what proves it complete, and the flow for process mining."""
