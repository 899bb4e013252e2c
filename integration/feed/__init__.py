"""The change feed: all that happened, in one order, as CloudEvents. See docs/feed.md."""
