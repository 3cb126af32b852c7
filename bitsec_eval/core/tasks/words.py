"""Bland words that new names are made of: none of them hints at money, access or a fault."""


def _listed(text: str) -> tuple[str, ...]:
    return tuple(text.split())


VERBS = _listed(
    """
    advance align apply arrange assign batch build choose combine commit compose copy count define
    derive enlist expand extend fetch filter finish follow format gather group handle join keep link
    list load log mark merge move note order pack place plan post prepare prune put queue rank read
    refine relay replace resolve rotate route sample scan select shape shift sort stage start store
    submit switch sync tag track trim update visit watch wrap write
    """
)

QUALIFIERS = _listed(
    """
    active alpha amber annual basic blue brief bright broad calm central civic clear cobalt common coral
    core current daily direct double dual early eastern even final fine first flat fresh front general
    global golden grand green inner ivory joint last late lean linked local lower main major mid minor
    modern narrow new next northern novel olive outer plain prime quick quiet rapid ready regular rich
    round royal second senior sharp silver simple single small smooth solid southern special spare
    stable steady third tidy total true upper urban vivid warm western white wide young
    """
)

NOUNS = _listed(
    """
    anchor arbor atlas badge basin beacon board bridge bundle cabin canvas card carrier cell chart
    circle cloud cluster column compass corner course crate cycle deck delta desk device dial district
    dock domain draft drift echo edge element engine entry field figure flag fleet folder forum frame
    garden gate grid grove guide harbor hub index island item journal kernel label lane layer ledger
    lens level line lot map marker matrix meadow meter mirror module mosaic motor network node notch
    orbit outline packet page panel parcel path pattern phase pillar pixel plate plot point portal post
    prism profile quarter queue radar record region ring river roster round route scale scene sector
    segment sequence series sheet shelf signal slot socket spiral spoke stack station stem stream strip
    studio summit table tag target terrace thread ticket tile tower track trail tunnel unit valley
    vector vessel wave wheel window zone
    """
)

RESERVED = frozenset(
    _listed(
        """
        abi address assembly block bool break bytes calldata catch constant constructor continue contract
        delete do else emit enum error event external fallback false for from function hex if immutable
        import indexed int interface internal is library mapping memory modifier msg new override payable
        pragma private public pure receive return returns revert require solidity storage string struct
        super this true try tx type uint unchecked unicode using view virtual while
        """
    )
)
"""Words that Solidity keeps for itself."""
