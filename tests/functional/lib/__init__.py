# tests/functional/lib/__init__.py: what the functional tests stand on
# SPDX-License-Identifier: GPL-2.0-or-later
