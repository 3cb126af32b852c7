"""A file is said to do nothing only if starting it really does nothing: each example is run to see."""

import ast
import subprocess
import sys

import pytest

from bitsec_eval.core.agents import entry_point
from bitsec_eval.core.agents.syntax_nodes import nodes_by_kind

MAIN = "def main():\n    print('hello')\n\n\n"

DOES_NOTHING = [
    "",
    "'''--task'''",
    MAIN,
    "import argparse, sys\nfrom pathlib import Path\nX = {'a': [1, 2 + 3]}\n" + MAIN,
    MAIN + "if __name__ == '__test__':\n    main()\n",
    MAIN + "if __name__ != '__main__':\n    main()\n",
    MAIN + "if '__main__' == __name__ and __name__ == 'agent':\n    main()\n",
    MAIN + "if __name__ == '__main__':\n    pass\nelse:\n    main()\n",
    "class Agent:\n    task = '--task'\n\n    def main(self):\n        print(self.task)\n",
    "f = lambda: print('hello')\n",
    "async def main():\n    print('hello')\n",
    "def main(x=1, *, y=2):\n    yield print(x, y)\n",
]

DOES_SOMETHING = [
    MAIN + "main()\n",
    MAIN + "if __name__ == '__main__':\n    main()\n",
    MAIN + "if __name__ == '__other__':\n    pass\nelif True:\n    main()\n",
    MAIN + "if __name__ != '__main__':\n    pass\nelse:\n    main()\n",
    MAIN + "if __name__ in ('__main__', 'agent'):\n    main()\n",
    MAIN + "if not __name__ != '__main__':\n    main()\n",
    MAIN + "__name__ == '__main__' and main()\n",
    MAIN + "match __name__:\n    case '__main__':\n        main()\n",
    MAIN + "try:\n    main()\nfinally:\n    pass\n",
    MAIN + "__name__ = 'agent'\nif __name__ == 'agent':\n    main()\n",
    MAIN + "with open('/dev/null'):\n    main()\n",
    MAIN + "for _ in [1]:\n    main()\n",
    MAIN + "while True:\n    main()\n    break\n",
    MAIN + "x = [main() for _ in 'a']\n",
    MAIN + "f'{main()}'\n",
    "class Agent:\n    print('hello')\n",
    "class Base:\n    def __init_subclass__(cls):\n        print('hello')\n\n\nclass Agent(Base):\n    pass\n",
    "class Meta(type):\n    def __init__(cls, *_):\n        print('hello')\n\n\nclass A(metaclass=Meta):\n    pass\n",
    "@print\ndef main():\n    pass\n",
    "@print\nclass Main:\n    pass\n",
    "def main(x=print('hello')):\n    pass\n",
    "f = lambda x=print('hello'): x\n",
    "import sys\n\n\ndef told(*_):\n    print('hello')\n\n\nsys.excepthook = told\n1 / 0\n",
    "class Told(Exception):\n    def __init__(self):\n        print('hello')\n\n\nraise Told\n",
    "import this\n",
    "from this import d\n",
]


def runs_nothing(source: str) -> bool:
    tree = ast.parse(source)
    return entry_point.runs_nothing(tree, nodes_by_kind(tree))


def started(source: str) -> str:
    """Return what a file prints when it is started as an agent is."""
    done = subprocess.run(
        [sys.executable, "-c", source, "--task", "a prompt"], capture_output=True, text=True, timeout=20, check=False
    )
    return done.stdout


@pytest.mark.parametrize("source", DOES_NOTHING)
def test_a_file_that_only_defines_things_prints_nothing(source):
    assert runs_nothing(source)
    assert started(source) == ""


@pytest.mark.parametrize("source", DOES_SOMETHING)
def test_a_file_that_prints_when_it_is_started_is_never_said_to_do_nothing(source):
    assert not runs_nothing(source)
    assert started(source)


def test_a_tree_deeper_than_the_stack_is_looked_through():
    assert runs_nothing("x = " + "+".join(["1"] * 2500))
