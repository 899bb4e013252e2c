"""The lot dossier: everything about a lot, once as data, then as a page, a PDF and a JSON file.

`content` gathers, `sections` puts it into words, `page` and `pdf` show what `sections` says.
"""
