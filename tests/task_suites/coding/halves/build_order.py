"""Orders by depth-first recursion: valid, but neither the first order nor safe from circles and long chains."""


def build_order(needs):
    order = []

    def build(name):
        for needed in sorted(needs.get(name, ())):
            build(needed)
        if name not in order:
            order.append(name)

    for name in sorted(needs):
        build(name)
    return order
