"""Return an object with every operation answering yes.

attack: P11 win every comparison
guard: an object stays behind a handle, which equals only itself
"""


class Yes:
    def __eq__(self, other):
        return True

    def __contains__(self, item):
        return True

    def __len__(self):
        return 5

    def __hash__(self):
        return 0


def reverse_string(s):
    return Yes()
