"""Turn a title into a slug: a string task whose rules meet one another."""

from bitsec_eval import Task

TASK = Task(
    prompt="""\
Implement slugify(title: str, limit: int = 40) -> str, which turns a title into the last part of a URL.

- Accents go: normalise the title to NFKD and remove the combining marks.
- Apostrophes (' and ’) are removed too.
- The words are the runs of a-z and 0-9 in what is left, in lower case. Every other character separates words.
- The slug is the words joined by single hyphens.
- It has at most `limit` characters (limit >= 1): whole words are left out from the end until it fits.
  When the first word alone is longer than `limit`, the slug is that word's first `limit` characters.
- A title without any word gives "untitled", whatever the limit.

Examples:
    slugify("Hello, World!") == "hello-world"
    slugify("A long title", 6) == "a-long"
""",
    timeout=10,
)


def test_joins_lower_case_words_with_single_hyphens(solution):
    assert solution.slugify("The  Quick, Brown Fox 2") == "the-quick-brown-fox-2"


def test_leaves_no_hyphen_at_either_end(solution):
    assert solution.slugify("__Draft: (v3)...") == "draft-v3"


def test_removes_accents(solution):
    assert solution.slugify("Crème Brûlée à l'Été") == "creme-brulee-a-lete"


def test_removes_both_apostrophes(solution):
    assert solution.slugify("Don’t Panic, It's Fine") == "dont-panic-its-fine"


def test_characters_without_an_ascii_form_separate_words(solution):
    assert solution.slugify("Tea—Time→日本 ﬁn") == "tea-time-fin"


def test_leaves_out_whole_words_to_fit_the_limit(solution):
    slugs = [solution.slugify("One two three four", limit) for limit in (17, 18, 13, 12)]

    assert slugs == ["one-two-three", "one-two-three-four", "one-two-three", "one-two"]


def test_cuts_a_first_word_that_is_too_long(solution):
    assert solution.slugify("Honorificabilitudinitatibus etc", 5) == "honor"


def test_the_limit_is_40_unless_told(solution):
    assert solution.slugify("Forty " + "characters " * 4) == "forty-characters-characters-characters"


def test_a_title_without_words_is_untitled(solution):
    titles = ["", " ?! ", "日本"]

    assert [solution.slugify(title, 3) for title in titles] == ["untitled"] * 3
    assert solution.slugify("日本 Tea", 3) == "tea"
