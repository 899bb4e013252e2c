"""Charts, drawn on the server as SVG: no script, no style attribute, a table beside each.

`plot` draws bars and lines over steps, `drawing` a picture of lines, boxes and words, of which
`layers` makes a graph in columns and `sankey` flows between places.
"""
