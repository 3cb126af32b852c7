"""Where the reasoning of a language model ends and its answer begins, in the marks that models write.

The sandbox's guest runs this file too: standard library only, Python 3.8 or newer, and `re` is imported where it is
needed, because every container pays for what is imported at the start.
"""

MOST_ENDS = 4  # of reasoning that are looked behind, the last ones

_NAMES = (
    r"think|thinking|thoughts?|reasoning|reasoning_content|analysis|scratchpad|reflections?|inner_monologue|monologue"
    r"|planning|chain_of_thought|cot"
)
_ENDS = (
    rf"</(?:\w+:)?(?:ant)?(?:{_NAMES})>(?=\s|[{{\[`~<]|\Z)"  # DeepSeek, Qwen, GLM, Seed, and what prompts ask for
    r"|\[/THINK\]|\u25c1/think\u25b7|<\|END_THINKING\|>|<\|end_of_thought\|>"  # Mistral, Kimi, Cohere, Sky-T1
    r"|<\|message\|>|<channel\|>"  # channels of gpt-oss and Gemma
)


def after_reasoning(text: str) -> list[str]:
    """Return what follows each of the last few ends of reasoning in `text`, the last first.

    >>> after_reasoning("<think>Perhaps 1.</think>2")
    []
    >>> after_reasoning("<think>Perhaps 1.</think> 2")
    [' 2']
    """
    import re

    ends = [match.end() for match in re.finditer(_ENDS, text, re.IGNORECASE)]
    return [text[end:] for end in reversed(ends[-MOST_ENDS:])]
