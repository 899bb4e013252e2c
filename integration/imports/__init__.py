"""Files of others become master data, stock and demands, through the actions and nothing else.

A file is read into records (`reading`), its cells into values (`columns`), and its rows go to the
loader of their kind (`materials`, `locations`, `stock`, `demands`), which counts what it did and
says what it could not do (`report`). A dry run is the same run, rolled back (`run`). OpenBoxes'
exports are translated into the same kinds (`openboxes`).
"""
