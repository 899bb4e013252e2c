"""Numbers of the plant: how long things stand, how much, how well it goes, and what is coming.

Each module counts one set of figures: `count` reads them in a fixed number of statements over a
bounded period, `draw` makes pictures of them. What a figure means stands in its `about`, which the
page shows. docs/numbers.md says it once more, with where the numbers come from.
"""
