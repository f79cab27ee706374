"""The record: past trials beside what the model says of them, and dated predictions of trials that are running.

A trial is a file: ``past/*.yaml`` with what was published, ``running/*.yaml`` with what is to be predicted.
"""
