# tests/chaos/chaos/__init__.py: the chaos test, as a package
#
# SPDX-License-Identifier: GPL-2.0-or-later
