"""Lists as files, whatever list it is: columns, CSV and XLSX, bounds, and what is recorded of them.

A file is written while it is read, a batch of rows at a time: memory does not grow with the list.
"""
