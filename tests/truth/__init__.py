"""Cases whose truth is what CPython does, and the tests that hold the checker to it."""
