"""Engines that solve the benchmark problems: one module each, run in a process (and a Python) of its own.

A module defines ``NAME``, ``INSTALL`` (what to type where it is absent) and ``Peer(problem)``, whose ``run(patient,
tolerance)`` gives the states at the output times, (times, states). ``prepare(tolerance)``, where there is one, is
called before anything is timed. Modules other than those that need Charcot's own code generator import nothing of
Charcot, so that they run in an environment that holds nothing but the peer and NumPy.
"""
