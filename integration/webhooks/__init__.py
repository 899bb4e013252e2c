"""Events sent to other systems as they happen, by the Standard Webhooks specification.

docs/webhooks.md is the reader's side of it.
"""
