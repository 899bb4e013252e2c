"""The ledger of a range as a ZIP: records, seals, and a manifest by which its reader checks it."""
