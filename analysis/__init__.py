"""CARD: Cyber Attribution, Response and Denial.

``import analysis`` loads nothing heavy; import the module you need, for
instance ``from analysis import dataset, measures``.
"""
