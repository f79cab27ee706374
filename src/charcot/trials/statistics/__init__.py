"""Kernels of the analyses: arrays in, numbers out; they know no trial, no table and no protocol.

They are here because a Monte-Carlo loop calls them for thousands of simulated trials. Each has a second, independent
reckoning in the tests: published figures, a kept library, or the same equations written the long way.
"""
