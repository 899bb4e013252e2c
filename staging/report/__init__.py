"""The weekly report: what is kept of a week and of those before, for the sites of one person.

`weeks` says which week, `content` gathers, `words` says it; the page, `mail` (HTML and text) and
`pdf` show what `words` says. `choosing` keeps who gets it, `sending` sends it, once.
"""
