"""``pytest --guard-smoke``: each module of the project is a test that imports it cold.

So pytest-xdist spreads them over processes and machines, and reruns, time limits and JUnit come
with pytest. pytest loads this module in every run; without the option it does nothing and imports
nothing of the guard.
"""
