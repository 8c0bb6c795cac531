# tests/chaos/chaos/: the parts of the chaos test; see ../README.md
