"""Answers every task with a report that finds nothing."""

print('{"vulnerabilities": []}')
