import re


def evaluate(text, names):
    return Parser(text).whole()(names)


class Parser:
    """Recursive descent: every rule reads its part of the text and returns what computes it from names."""

    def __init__(self, text):
        self.text = text
        self.place = 0

    def next(self):
        while self.text[self.place : self.place + 1] == " ":
            self.place += 1
        return self.text[self.place : self.place + 1]

    def take(self, signs):
        sign = self.next()
        if sign and sign in signs:
            self.place += 1
            return sign
        return ""

    def take_match(self, pattern):
        match = re.compile(pattern).match(self.text, self.place)
        if match:
            self.place = match.end()
        return match and match.group()

    def wrong(self):
        sign = self.next()
        return ValueError(f"unexpected {sign!r} at {self.place}" if sign else "unexpected end")

    def whole(self):
        value = self.sum()
        if self.next():
            raise self.wrong()
        return value

    def sum(self):
        return self.left_to_right("+-", self.product)

    def product(self):
        return self.left_to_right("*/%", self.unary)

    def left_to_right(self, signs, operand):
        value = operand()
        while sign := self.take(signs):
            value = binary(OPERATIONS[sign], value, operand())
        return value

    def unary(self):
        if self.take("-"):
            value = self.unary()
            return lambda names: -value(names)
        return self.power()

    def power(self):
        base = self.atom()
        return binary(power, base, self.unary()) if self.take("^") else base

    def atom(self):
        if self.take("("):
            value = self.sum()
            if not self.take(")"):
                raise self.wrong()
            return value
        self.next()
        if digits := self.take_match("[0-9]+"):
            return lambda names: int(digits)
        if name := self.take_match("[A-Za-z_][A-Za-z0-9_]*"):
            return lambda names: looked_up(name, names)
        raise self.wrong()


def binary(operation, left, right):
    return lambda names: operation(left(names), right(names))


def looked_up(name, names):
    if name not in names:
        raise NameError(f"unknown name: {name}")
    return names[name]


def quotient(a, b):
    if b == 0:
        raise ZeroDivisionError("division by zero")
    return abs(a) // abs(b) if (a < 0) == (b < 0) else -(abs(a) // abs(b))


def power(a, b):
    if b < 0:
        raise ValueError("negative exponent")
    return a**b


OPERATIONS = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": quotient,
    "%": lambda a, b: a - quotient(a, b) * b,
}
