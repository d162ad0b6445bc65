"""Which English words are forms of one another: irregular families, common derivations, both spellings of English."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping

from qeu_rag.index.notation import is_japanese

_FAMILIES = """
arise arose arisen | begin began begun | bear bore borne born birth | beat beaten | become became | bend bent
bind bound | bite bit bitten | bleed bled blood | blow blew blown | break broke broken | breed bred | bring brought
build built | burn burnt | buy bought | catch caught | choose chose chosen choice | cling clung | come came
creep crept | dare durst | deal dealt | dig dug | do did done deed | draw drew drawn | dream dreamt | drink drank drunk
drive drove driven | eat ate eaten | fall fell fallen | feed fed | feel felt | fight fought | find found | flee fled
fling flung | fly flew flown flight | forbid forbade forbidden | forget forgot forgotten | forgive forgave forgiven
freeze froze frozen | get got gotten | give gave given gift | go went gone | grind ground | grow grew grown growth
hang hung | have had | hear heard | hide hid hidden | hold held | keep kept | know knew known knowledge | lay laid
lead led | lean leant | leap leapt | learn learnt | leave left | lend lent loan | lie lay lain | light lit | lose lost loss
make made | mean meant | meet met | pay paid | prove proven proof | ride rode ridden | ring rang rung | rise rose risen
run ran | say said | see saw seen sight | seek sought | sell sold sale | send sent | sew sewn | shake shook shaken
shine shone | shoot shot | show shown | shrink shrank shrunk | sing sang sung song | sink sank sunk | sit sat seat
sleep slept | slide slid | smell smelt | speak spoke spoken speech | speed sped | spell spelt | spend spent | spill spilt
spin spun | spring sprang sprung | stand stood | steal stole stolen theft | stick stuck | sting stung | strike struck stricken
strive strove striven | swear swore sworn | sweep swept | swell swollen | swim swam swum | swing swung | take took taken
teach taught | tear tore torn | tell told tale | think thought | throw threw thrown | understand understood
wake woke woken | wear wore worn | weave wove woven | weep wept | win won | wind wound | withdraw withdrew withdrawn
withhold withheld | write wrote written | undergo underwent undergone | overcome overcame | weigh weight
long length | strong strength | wide width breadth broad | deep depth | high height | hot heat | true truth | warm warmth
good better best | bad worse worst | many more most much | few fewer fewest | little less least
far farther further farthest furthest | early earlier earliest | young youth | wise wisdom
proud pride | angry anger | hungry hunger | poor poverty | able ability | free freedom
choose choice | advise advice | devise device | believe belief | relieve relief | save safe safety | live life alive
lives life | wife wives | knife knives | half halves | shelf shelves | leaf leaves | thief thieves | man men | woman women
child children | foot feet | tooth teeth | mouse mice | person people personal | die dead death dying | sick sickness
receive receipt reception | deceive deceit deception | perceive perception | conceive concept conception
decide decision | divide division | provide provision | conclude conclusion | include inclusion | exclude exclusion
invade invasion | collide collision | expand expansion | extend extension extent | suspend suspension | respond response
permit permission | admit admission admittance | submit submission | omit omission | commit commission commitment
produce product production | reduce reduction | introduce introduction | destroy destruction | construct construction
describe description | prescribe prescription | subscribe subscription | absorb absorption | assume assumption
consume consumption | resume resumption | redeem redemption | solve solution | resolve resolution | dissolve dissolution
revolve revolution | evolve evolution | apply application applicant | imply implication | multiply multiplication
supply supplier | explain explanation | maintain maintenance | sustain sustenance | retain retention | detain detention
contain content container | abstain abstention | pronounce pronunciation | repeat repetition | compete competition
oppose opposition | compose composition | expose exposure exposition | acquire acquisition | require requirement requisition
inquire inquiry | enquire enquiry | appear appearance | exist existence | occur occurrence | refer reference | prefer preference
analyse analyze analysis analyses analyst analytic analytical | synthesis synthetic | basis bases basic | axis axes
criterion criteria | phenomenon phenomena | datum data | medium media | index indices | matrix matrices | vertex vertices
appendix appendices | formula formulae | maximum maxima maximal | minimum minima minimal | hypothesis hypotheses
crisis crises critical | thesis theses | stimulus stimuli | nucleus nuclei | radius radii | focus foci | bacterium bacteria
aircraft airplane aeroplane plane | vehicle vehicular | circle circular circulate | space spatial | sun solar | moon lunar
month monthly | day daily | year yearly annual | week weekly | europe european | japan japanese | china chinese
britain british | england english | scotland scottish | ireland irish | wales welsh | france french | germany german
spain spanish | netherlands dutch | denmark danish | sweden swedish | poland polish | greece greek | switzerland swiss
succeed success | proceed procedure process | exceed excess | precede precedent | enter entry entrance | try trial
arrive arrival | deny denial | rely reliance reliable | vary variety variation variance variable | carry carriage carrier
marry marriage | satisfy satisfaction | justify justification | classify classification | notify notification
certify certification certificate | identify identification identity | qualify qualification | specify specification
verify verification | quantify quantity quantification | clear clarity clarify | simple simplicity simplify
move motion mobile | speak speech | bake bread | clothe clothes cloth | breathe breath | bathe bath | sue suit | view review
gift give | mathematics math maths | photograph photo | telephone phone | laboratory lab | examination exam | temperature temp
information info | specification spec | application app | advertisement ad advert | maximum max | minimum min
"""
"""Words that no rule joins, a family between bars or line ends."""

_SUFFIXES = sorted(
    "isation ization ification ational fulness iveness ousness ability ibility ically ation ition ament ement ments ment "
    "ances ance ences ence ancy ency able ible ably ibly ings ing edly ed ers er ors or ees ee ists ist isms ism ness ful "
    "less ised ized iser izer ises izes ise ize ified ifies ify ives ive ivity ity iest ier est ies ious "
    " eous ous ials ial ians ian als "
    "al ary ery ory ions ion ures ure ages age ants ant ents ent ates ated ate ators ator ics ical ic ship hood ward wards "
    "ly es s y e".split(),
    key=lambda suffix: (-len(suffix), suffix),
)
_ROOT = 4
"""Letters that must be left of a word when a suffix is taken off: shorter ones belong to many words."""
_STROKES = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ß": "ss", "æ": "ae", "œ": "oe", "ı": "i"})
_ACCENTED = {
    "a": "àáâãäåāăąæ",
    "c": "çćč",
    "d": "ďđ",
    "e": "èéêëēėęě",
    "g": "ğ",
    "i": "ìíîïī",
    "l": "ł",
    "n": "ñńňņ",
    "o": "òóôõöøōőœ",
    "r": "ř",
    "s": "śşšș",
    "t": "ťțţ",
    "u": "ùúûüūůű",
    "y": "ýÿ",
    "z": "źżž",
}
_SAME_BEGINNING = 6
_SAME_SHARE = 0.75
"""Two words with so many letters in common at the beginning, and so large a share of the longer one, may be one word."""


@functools.cache
def _family_of() -> Mapping[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for family in re.split(r"[|\n]", _FAMILIES):
        words = frozenset(family.split())
        for word in words:
            found[word] = found.get(word, frozenset()) | words
    return found


def family(word: str) -> frozenset[str]:
    """The other forms of an irregular ``word`` (folded): fly, flew, flown and flight; none for a regular one."""
    return _family_of().get(word, frozenset()) - {word}


def beginnings(word: str) -> Iterator[str]:
    """With what every word begins that may be a form of ``word``, irregular ones left aside: with and without one accent."""
    start = root(_unaccented(word))[:3]
    yield start
    for at, letter in enumerate(start):
        yield from (start[:at] + accented for accented in _ACCENTED.get(letter, ""))


def alike(word: str, other: str) -> bool:
    """Whether ``other`` may be a form of ``word`` (both folded): one root, one spelt the other way, or mostly the same letters.

    Rather too often than too seldom: insure, insurance and insurer are alike, and so are universe and university.
    """
    word, other = _unaccented(word), _unaccented(other)
    if word == other or (len(root(word)) >= _ROOT and root(word) == root(other)):
        return True
    if len(word) >= _ROOT and other.startswith(word):
        return True
    same = next((n for n, (a, b) in enumerate(zip(word, other, strict=False)) if a != b), min(len(word), len(other)))
    return same >= _SAME_BEGINNING and same >= _SAME_SHARE * max(len(word), len(other))


def stands(term: str, there: Collection[str]) -> bool:
    """Whether a form of ``term`` is among ``there``: evidence terms both (``w:`` before a word, Japanese pairs bare)."""
    word = term.removeprefix("w:")
    if term in there or (is_japanese(word) and word in there):
        return True
    forms = family(word)
    return word.isascii() and any(
        alike(word, other.removeprefix("w:")) or other.removeprefix("w:") in forms
        for other in there
        if other.startswith("w:") and other.isascii()
    )


def all_stand(terms: Iterable[str], there: Collection[str]) -> bool:
    """Whether every word (``w:``) of ``terms`` stands in one of its forms ``there``; see ``stands``."""
    return all(stands(term, there) for term in terms if term.startswith("w:"))


def _unaccented(word: str) -> str:
    """``word`` without accents and strokes: Bolesław is Boleslaw."""
    letters = unicodedata.normalize("NFD", word).translate(_STROKES)
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


@functools.lru_cache(maxsize=10_000)
def root(word: str) -> str:
    """``word`` without its derivational endings, in American spelling; a key that forms of a word share, not a word."""
    word = re.sub(r"ogue(?=s?$)", "og", re.sub(r"our(?!$|s$|ed$|ing$)|our(?=s?$|ed$|ing$)", "or", word))
    word = re.sub(r"tre(?=s?$)", "ter", re.sub(r"mme(?=s?$)", "m", word))
    while True:
        cut = next((s for s in _SUFFIXES if word.endswith(s) and len(word) - len(s) >= _ROOT), "")
        if not cut:
            break
        word = word[: -len(cut)]
    if len(word) > _ROOT and word[-1] in "eiy":
        word = word[:-1]
    return word[:-1] if len(word) > _ROOT and word[-1] == word[-2] else word
