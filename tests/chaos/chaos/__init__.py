# tests/chaos/chaos/__init__.py: the parts of the chaos test; see ../README.md
#
# SPDX-License-Identifier: GPL-2.0-or-later
