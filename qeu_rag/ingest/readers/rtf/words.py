"""Names the control words of RTF that say where the text of their group goes, and those that are characters."""

from __future__ import annotations

SKIPPED = frozenset(
    "pict objdata fldinst datafield themedata colorschememapping latentstyles listtable listoverridetable rsidtbl generator "
    "xmlnstbl revtbl nonshppict shprslt sp sn sv bkmkstart bkmkend xe tc filetbl atnid atnref atrfstart atrfend "
    "atndate atnparent atntime atnicn private wgrffmtfilter ftnsep ftnsepc ftncn aftnsep aftnsepc aftncn nonesttables htmltag "
    "mmathPict mmathPr background pnseclvl objclass objname keywords author operator company comment doccomm subject category "
    "manager hlinkbase mhtmltag userprops docvar template passwordhash protusertbl fchars lchars".split()
)
IN_TABLES = frozenset(("fonttbl", "colortbl", "stylesheet", "info", "title"))
STORIES = frozenset(
    "annotation footnote header headerl headerr headerf footer footerl footerr footerf shptxt dptxbxtext".split()
)
THROUGH = frozenset("shpinst do ud nesttableprops moMath moMathPara fldrslt field result object shp".split())
SIGNS = {
    "tab": "\t", "emdash": "—", "endash": "–", "bullet": "•", "lquote": "‘", "rquote": "’", "ldblquote": "“",
    "rdblquote": "”", "emspace": "\u2003", "enspace": "\u2002", "qmspace": "\u2005", "~": "\u00a0", "_": "-", "\t": "\t",
    "{": "{", "}": "}", "\\": "\\",
}  # fmt: skip
