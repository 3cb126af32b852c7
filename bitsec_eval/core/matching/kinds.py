"""The classes of vulnerability that a text can speak of, and the words by which it is recognised.

The table is read by eye as much as by machine: one row a kind, its patterns written over lower-case text in which
every run of spaces, hyphens, slashes and underscores has become one space.
"""

import re

from bitsec_eval.core.matching.denial import plain

_ANYONE = r"(?:any ?(?:one|body)|every ?one|(?:any|arbitrary|every) (?:caller|user|account|address|attacker)s?)"
_WHO = r"(?:user|account|address|holder|victim|wallet|payer|payor|approver|owner|customer|depositor|one)"
_TAKE = r"(?:call|invok|drain|steal|stol|spen[dt]|withdr|transfer|mov|tak|pull|mint|burn|chang|set|collect|charg)\w*"
_LACK = r"(?:miss(?:ing|es)|lack(?:s|ing)?(?: of)?|no|without|broken|improper|insufficient|weak|absent|needs?)"
_NOT = r"(?:not|never|cannot|without|fail(?:s|ed)? to|forgets? to|does ?nt|is ?nt|omit\w*|missing)"
_BACKED = r"(?:approv\w*|allowances?)"

_TABLE = {
    "access-control": rf"""
        access control|authori[sz]ation (?:flaw|bypass|logic|check|missing)|access restriction
        {_LACK} (?:\w+ ){{0,2}}(?:authori[sz]ation|permission|authentication)
        {_LACK} (?:an? |the |any )?(?:only\w+|owner|caller|role|sender|operator|admin) (?:check|guard|modifier)
        {_LACK} (?:an? |the |any )?(?:signer|authority|capability|ownership|has one|account owner) (?:check|guard)
        {_LACK} (?:\w+ )?(?:signer|authority|capability) (?:verification|validation|authori[sz]ation)
        unprotected (?:\S+ ){{0,3}}?(?:function|transfer|call|helper|withdraw\w*|mint\w*|pay\w*|spend\w*|setter)
        {_ANYONE} (?:can|may|could|is able to) (?:\w+ ){{0,4}}?{_TAKE}
        (?:allow|let|letting|enabl|permit)\w* {_ANYONE} (?:to )?(?:\w+ )?{_TAKE}
        unauthori[sz]ed|unauthenticated|privilege escalation|permissionless|publicly callable
        (?:wrong|incorrect|improper|missing|public|external|excessive|unsafe) visibility
        (?:should|must|ought to|could) (?:be|have been) (?:made |declared |marked )?(?:internal|private)
        """,
    "arbitrary-from": rf"""
        arbitrary (?:\w+ )?(?:from|{_WHO}|sender|spender|source|erc ?20|transfer ?from|transfer|spend\w*|payment)
        {_TAKE} (?:\S+ ){{0,10}}?{_BACKED}
        {_BACKED} (?:\S+ ){{0,8}}?(?:drain|stol|steal|abus|misus|theft|hijack|exploit|spent|pulled)\w*
        unauthori[sz]ed (?:\w+ ){{0,2}}(?:transfer|spend|withdraw|pull|payment|charge)\w*
        (?:caller|user|attacker) (?:named|chosen|supplied|controlled|provided) (?:\w+ )?(?:from|{_WHO}|source)
        {_TAKE} (?:\S+ ){{0,5}}?(?:from|of) (?:any|every|arbitrary|other|another|all) (?:\w+ )?{_WHO}
        any {_WHO} (?:\S+ ){{0,4}}?{_BACKED}
        {_NOT} (?:\w+ ){{0,3}}?(?:check|verif|requir|ensur|compar|validat)\w* (?:\S+ ){{0,8}}?msg\.sender
        """,
    "accounting": rf"""
        accounting|book ?keeping|liabilit\w*|miscalculat\w*|over ?pay\w*|dilut\w*
        (?:incorrect|wrong|faulty) calculation
        (?:over|under) ?(?:stat|count|valu|report|estimat)\w*|double[ ]?count\w*
        inflat\w* (?:the )?(?:\w+ )?(?:assets?|share price|exchange rate|valuation|nav|tvl)
        {_NOT} (?:be |being |been )?(?:\w+ )?(?:subtract|deduct|exclud|net(?:ted)?|discount|account)\w*
        (?:includ|count)\w* (?:\S+ ){{0,6}}?(?:\S*fees?|cut|commission|debts?|owed|uncollected|unclaimed|pending)
        (?:wrong|incorrect|mispric\w*|stale|improper) (?:\w+ )?(?:share price|exchange rate|shares?|valuation|assets)
        (?:share price|exchange rate|valuation|total assets) (?:\w+ ){{0,2}}?(?:is|too|calculation|error)
        """,
    "donation": r"first deposit\w*|inflation attack|donat\w*|empty vault",
    "reentrancy": r"re ?entran\w*|checks effects interactions",
    "oracle": r"oracle|price feed|stale price|price manipulation|spot price|twap|flash ?loan\w*",
    "front-running": r"front ?run\w*|sandwich\w*|slippage|mev|back ?run\w*|race condition",
    "denial-of-service": r"""
        denial of service|dos|unbounded (?:loop|iteration|array|gas)\w*|gas (?:exhaustion|grief\w*)|grief\w*|brick\w*
        out of gas|block gas limit|always revert
        """,
    "arithmetic": r"""
        over ?flow\w*|under ?flow\w*|division by zero|divide by zero|unsafe cast\w*|truncat\w*
        unchecked (?:arithmetic|math)
        """,
    "rounding": r"rounding|round(?:s|ed) (?:down|up)|precision|decimals? mismatch",
    "unchecked-return": r"""
        unchecked (?:\w+ ){0,3}(?:return|call|transfer\w*)\w*|return value|ignor\w* (?:\w+ ){0,2}return
        """,
    "input-validation": r"""
        input validation|(?:missing|lacks?|lack of|insufficient|improper|no) (?:\w+ )?validation|zero address
        parameter validation
        """,
    "initialization": r"(?:un|re ?)?initiali[sz]\w*",
    "signature": r"signature\w*|replay\w*|nonce|eip ?712|ecrecover|malleab\w*",
    "external-call": r"""
        delegate ?call\w*|arbitrary (?:external |program )?call|arbitrary cpi|cross program invocation
        untrusted (?:external )?(?:call|contract)\w*|call injection
        """,
    "token-compatibility": r"""
        fee on transfer|rebas\w*|non ?standard (?:erc ?20|token)\w*|(?:erc ?20|token) (?:in)?compatib\w*|deflationary
        """,
    "locked-funds": r"""
        (?:fund|asset|token|ether|eth|money)s? (?:\w+ ){0,3}?(?:lock|stuck|trap|frozen|strand)\w*
        (?:lock|trap|strand|stuck)\w* (?:fund|asset|token|ether)
        """,
    "centralization": r"centrali[sz]\w*|rug ?pull\w*|owner (?:backdoor|privilege|abuse)\w*|single point of failure",
    "upgradeability": r"upgrad\w*|storage (?:layout|collision)\w*|proxy (?:storage|implementation)",
    "randomness": r"random\w*|predictab\w*|entropy",
    "timestamp": r"timestamp\w*|block\.number|time manipulation",
    "governance": r"governance|voting|quorum|proposal\w*",
    "integrity": r"data integrity|event spoof\w*|spoof\w*|missing event|event emission",
    "best-practice": r"best practice|code quality|gas optimi[sz]\w*|floating pragma|pragma|natspec|style",
}

KINDS = frozenset(_TABLE)
"""Every kind's id, as `ExpectedFinding(kinds=...)` names it."""

_PATTERNS = {
    kind: re.compile("|".join(rf"\b(?:{row.strip()})s?(?!\w)" for row in rows.strip().splitlines()))
    for kind, rows in _TABLE.items()
}


def kinds_in(text: str) -> frozenset[str]:
    """Return the kinds that `text` speaks of.

    >>> sorted(kinds_in("Re-entrancy / denial of service"))
    ['denial-of-service', 'reentrancy']
    """
    spoken = plain(text)
    return frozenset(kind for kind, pattern in _PATTERNS.items() if pattern.search(spoken))
