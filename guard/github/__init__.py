"""The door on GitHub: required check, merge-queue gate, reconciler.

Needs the extra ``[github]``; imported by the commands that speak to GitHub, and by nothing else.
"""
