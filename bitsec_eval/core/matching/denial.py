"""Whether a sentence says that there is no fault.

A denial has to be plain: one clause of a sentence clears the code, and nothing else in the sentence takes that back,
limits it, or accuses. To read an accusation as a denial costs an honest agent a finding; to read a denial as an
accusation costs nobody more than a finding that was none. So whatever is in doubt accuses.
"""

import re

_SPACE = re.compile(r"[\s_\-\u2010-\u2015/]+")
_QUOTES = re.compile(r"[`*\"'\u2018-\u201d]")
_CLAUSE = re.compile(r"(?<=[^\W\d_])(?:[;:]|\.(?=\s)| \u2013 | \u2014 | -+ )\s*|[()]")

_NAME = re.compile(
    r"`[^`\n]*`|(?<![\w$])[A-Za-z_$][\w$]*(?:(?:\.|::)[A-Za-z_$][\w$]*)+(?:\(\w*\))?"
    r"|(?<![\w$])(?:[A-Za-z$][\w$]*?(?:_|[a-z0-9](?=[A-Z]))[\w$]*(?:\(\w*\))?|[\w$]+\(\w*\))"
)
_FAULT = (
    r"(?:issue|vulnerabilit(?:y|ie)|problem|flaw|risk|bug|concern(?! for)|finding|weakness(?:e)?|exploit|defect|fault"
    r"|error|attack vector|attack)s?"
)
_CLASS = (
    r"(?:re ?entran\w+|access control|overflow|underflow|integer|arithmetic|rounding|precision|oracle"
    r"|price|manipulation|front ?running|sandwich|denial of service|dos|replay|signature|inflation|initiali[sz]ation"
    r"|storage|collision|delegate ?call|logic|accounting|security|serious|real|actual|critical|high|or"
    r"|severity|severe"
    r"|major|significant|apparent|obvious|exploitable|known|such|such a|direct|immediate|genuine|valid"
    r"|of these|flash ?loan)"
)
_HALF = (
    r"hard|rare|bare|scarce|mere|near|part|partial|most|supposed|alleged|seeming|apparent|superficial|insufficient"
    r"|wrong|false|main|usual|normal|general|large|initial|temporari|conditional|theoretical|nominal|incorrect|poor"
)
_DEGREE = (
    rf"(?:(?!(?:{_HALF})ly)\w+ly |quite |very |all |also |already |indeed |well |both |now |therefore |thus |hence )?"
)
_BE = r"(?:is|are|was|were|be|been|looks?|seems?|appears?|seems? to be|appears? to be|has been|have been)"
_NOT = r"(?:not|isnt|arent|wasnt|werent|never|neither|in no way)"
_STOP = r"(?= ?(?:[,.!?)]|\Z))"
_END = rf"(?:{_STOP}|(?= (?:in|here|there|at|with|within|to|by|because|since|as|due|against|from|of|on|for)\b))"

_DENIALS = re.compile(
    rf"\b(?:"
    # "no reentrancy issue in f", "no vulnerabilities were found"; not "no risk limit", "no issue is raised"
    rf"(?:no|not any|not a|without any|nor any) (?:{_CLASS} )*{_FAULT}"
    rf"(?: (?:{_BE} )?(?:found|identified|detected|present|observed|seen|here|exists?|reported|known))?{_END}"
    rf"|{_NOT} {_DEGREE}(?:vulnerable|exploitable|susceptible|problematic|at fault|faulty|a threat)"
    rf"(?: to (?:this|it|that|any|{_CLASS}(?: \w+)?))?{_END}"
    rf"|{_NOT} {_DEGREE}affected(?: by (?:this|it|that|the (?:issue|bug|vulnerability)|{_CLASS}\w*))?{_STOP}"
    rf"|{_NOT} {_DEGREE}(?:an? )?(?:{_CLASS} )*{_FAULT}{_END}"
    # "f is safe"; what is safe only for somebody, or beside something else, is not
    rf"|(?:{_BE}|\Aits) {_DEGREE}"
    r"(?:safe|secure|sound|correct|fine|ok|okay|robust|flawless|good|clean|bug free|free of fault)"
    r"(?: (?:here|as is|as written|as it is|as it stands|by design"
    r"|(?:against|from) (?!no(?:body|ne|thing)?\b)\S+(?: \w+)?"
    r"|and (?:sound|secure|correct|safe|robust)))?"
    rf"(?:{_STOP}|(?= because| since| thanks| due| and (?:has|no|not)))"
    rf"|{_BE} (?:properly|correctly|adequately|sufficiently|safely|securely|fully|well|appropriately|duly|soundly)"
    r" (?:protected|guarded|restricted|checked|validated|secured|handled|mitigated|implemented|verified|enforced)"
    r"|properly (?:protected|guarded|restricted|checked)"
    r"|(?:cannot|can not|cant|can never|could not) be (?:exploited|abused|attacked|misused)(?: by an? attacker)?"
    r"|(?:is|are|was|likely|probably|this is)(?: an?)? false (?:positive|alarm)s?"
    rf"|\A ?false (?:positive|alarm)s?(?:{_STOP}|(?= (?:on|in|at|for)\b))"
    rf"|(?<!not )(?<!never )works? (?:exactly )?as (?:intended|designed|expected|specified){_STOP}"
    rf"|free (?:of|from) (?:any )?(?:{_CLASS} )*(?:{_FAULT}|re ?entran\w+|overflows?)"
    rf"|nothing (?:is )?(?:wrong|to (?:report|fix|see|exploit))(?:{_STOP}|(?= (?:with|in|here|about)\b))"
    rf"|all (?:is )?(?:good|clear|well){_STOP}|\A ?(?:safe|secure|sound|clean) ?\.?\Z"
    rf"|no {_CLASS} (?:is )?possible{_STOP}"
    rf"|there does(?:nt| not) (?:appear|seem) to be (?:an?|any) (?:{_CLASS} )*{_FAULT}{_END}"
    rf"|(?:zero|0) (?:{_CLASS} )*{_FAULT}(?: (?:were )?(?:found|identified|detected))?{_STOP}"
    rf"|{_CLASS} is (?:not possible|impossible)(?: here)?{_STOP}"
    rf"|{_BE} (?:immune|resistant) (?:to|against) {_CLASS}{_STOP}|\A ?lgtm ?\.?\Z|\A ?nothing found ?\.?\Z"
    rf"|(?:did not|didnt|could not|do not|cannot) (?:find|see|identify|detect|spot) (?:an?"
    rf"|any) (?:{_CLASS} )*{_FAULT}"
    rf"|(?:poses? no|do(?:es)? not (?:pose|contain|have|present|introduce) (?:an?|any)) (?:{_CLASS} )*{_FAULT}"
    r")"
)
"""Clauses that clear the code."""

_REVIEW = re.compile(r"\bafter (?:\w+ ){0,3}?(?:review|analysis|audit|inspection)\b")

_TAKEN_BACK = re.compile(
    r"\b(?:but|however|although|though|yet|whereas|while|whilst|except\w*|unless|only|until|otherwise|despite"
    r"|nevertheless|nonetheless|still|even|once|if|when\w*|where|whether|as long|so long|provided (?:that|the"
    r"|it)|assum\w+|suppos\w+"
    r"|expect\w*|believ\w+|trust\w*|think\w*|claim(?:s|ed|ing)|pretend\w*|should|would|must|might|may|in theory"
    r"|initially|at first|first (?:glance|sight|reading|look)|on the surface|seemingly|superficially|alone"
    r"|in isolation|by (?:it|them)sel\w+|on (?:its|their) own|currently|unlike|contrary|today|so far"
    r"|at present|for now|at the moment"
    r"|no longer|any ?more|other|others|else|rest|besides|apart|aside|instead|rather|than|more|most\w*|some|many|half"
    r"|part\w*|barely|hardly|rarely|nowhere|in(?:sufficiently|adequately)|too late|after|before|always|makes? sure"
    r"|ensur\w+|verif(?:y|ies)|guarantee\w*|promis\w+|marked|document\w*|comment\w*|say|says|said|states?|returns?"
    r"|reports?|treat\w*|consider\w*|regard\w*|deem\w*|determin\w*|decid\w*|signals?|shows?|means?|that|which|who"
    r"|whose|according)\b"
)
"""Words that limit, report or take back what a clause grants."""

_HARMLESS = re.compile(
    r"\b(?:(?:(?:an? |any |the )?(?:attacker|caller|user|contract|receiver)s? )?(?:cannot|can not|cant|can never)"
    r"|no (?:attacker|one|body|caller|user)|nobody|none|does not (?:allow|let|permit)|prevent\w*|impossible|unable"
    r"|protect\w* (?:against|from))\b(?: \w+){0,5}? ?(?:re ?ent\w+|drain\w*|st(?:eal|ol)\w*|exploit\w*|abus\w+"
    r"|attack\w*|manipulat\w+|misus\w+|profit\w*|twice|bypass\w*|overflow\w*|underflow\w*|replay\w*|front ?run\w*)"
)
"""Harm that the same sentence rules out."""

_ACCUSES = re.compile(
    r"\b(?:not|never|nor|cannot|no|none|without|(?:is|are|was|were|do|does|did|has|have|ca|could|should|would|wo)nt"
    r"|miss(?:ing|es)|lack\w*|fail\w*|forg[eo]t\w*|omit\w*|skip\w*|ignor\w*|any ?one|any ?body|every ?one|attacker\w*"
    r"|adversar\w+|malicious|hacker\w*|thief|thieves|can|could|allow\w*|let|lets|letting|enabl\w+|permits?|lead\w*"
    r"|result\w*|caus(?:e|es|ing)|leav\w+|drain\w*|st(?:eal|ol)\w*|los[etis]\w*|loss\w*|twice|again|for ?ever"
    r"|bypass\w*|inflat\w+|stuck|locked|emptied|stale|outdated|wrong\w*|incorrect\w*|unsafe\w*|insecure\w*"
    r"|un(?:protected|guarded|checked|restricted|bounded|validated)|vulnerable|broken|weak|insufficient\w*"
    r"|improper\w*|too|exploit(?:s|ed|ing)?|manipulat(?:e|ed|es)|abus\w+)\b|(?:\bit|\bthere|,) (?:is|are)\W*\Z"
)
"""Words that accuse, where the rest of a sentence holds them."""

_NOT_A_FAULT = re.compile(
    r"\s*(?:none|safe|ok|okay|secure|no (?:issue|bug|vulnerability|risk|finding|problem)s?"
    r"|not vulnerable|not an? "
    r"(?:issue|vulnerability|bug|finding|problem)|false positive|invalid|n a|not applicable)\s*\Z"
)


def plain(text: str) -> str:
    """Return `text` in lower case and without quotes, every run of spaces, hyphens and underscores as one space."""
    return _SPACE.sub(" ", _QUOTES.sub("", text.lower()))


def acquits(text: str) -> bool:
    """Whether `text`, a title or an opening sentence, says there is no fault.

    >>> acquits("close() is properly guarded."), acquits("close() is not properly guarded.")
    (True, False)
    >>> acquits("No reentrancy issue in close"), acquits("No reentrancy guard in close")
    (True, False)
    """
    cleared = False
    if text.rstrip().endswith("?"):
        return False
    for clause in _CLAUSE.split(_NAME.sub(" it ", text)):
        rest, cleared_here = _DENIALS.subn(" cleared ", _REVIEW.sub("", plain(clause)))
        rest = _HARMLESS.sub(" ", rest)
        if _TAKEN_BACK.search(rest) or _ACCUSES.search(rest):
            return False
        cleared = cleared or bool(cleared_here)
    return cleared


def waives(text: str) -> bool:
    """Whether `text`, a severity or a class, says in a word that there is nothing."""
    return bool(_NOT_A_FAULT.match(plain(text)))
