"""Task files are imported here without the evaluation that would register their marker."""


def pytest_configure(config):
    config.addinivalue_line("markers", "weight(points): what a check of a task weighs")
