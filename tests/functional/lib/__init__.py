# tests/functional/lib: what the functional tests stand on
# SPDX-License-Identifier: GPL-2.0-or-later
