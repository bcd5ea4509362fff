"""What makes a gate hollow: facts are collected first, pure checks over them come after.

``checkout`` reads what the repository holds, ``remote`` what GitHub is set to; ``flows``, ``files``
and ``protection`` hold the checks, ``catalog`` lists them, ``examine`` makes the report.
"""
