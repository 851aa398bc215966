"""The forge's box of parts: every shape drawn by hand at 16 px, and the 30 colours they may take.

A letter is a material: `s z` skin, `H h j` hair, `C c d` cloth (light, base, dark), `b u` belt and
buckle, `L l m` leather and wood, `W G g y` steel, `O o n` gold, `P R r` flame and red, `i I` gem,
`t` trousers, `e` eye, `k` ink, `M` mouth (drawn above 16 px only). `.` shows what lies below, `_`
cuts it away. Ink is laid round the finished figure by `forge_drawing`. A sheet holds parts side by
side under their names.
"""

import numpy as np


def _sheet(drawing: str) -> dict[str, np.ndarray]:
    """Name -> letters, uint8 ASCII codes `(rows, columns)`."""
    names, *rows = (line.split() for line in drawing.strip().splitlines())
    parts = zip(*rows, strict=True)
    return {
        name: np.array([list(row.encode()) for row in part], np.uint8)
        for name, part in zip(names, parts, strict=True)
    }


HEADS = _sheet("""
round       square      elf         bearded
........... ........... ........... ...........
........... ........... ........... ...........
........... ........... ........... ...........
..ssssssss. ..ssssssss. ..ssssssss. ..ssssssss.
..ssssssss. ..ssssssss. ..ssssssss. ..ssssssss.
..sssesses. ..sssesses. ..sssesses. ..sssesses.
..sssesses. ..ssseszes. ..sssesses. ..sssesses.
...zssMMsz. ..zssMMsss. ....zsMsz.. ..zsssssz..
""")

FACES = _sheet("""
round       square      elf         bearded
........... ........... ........... ...........
........... ........... ........... ...........
........... ........... ........... ...........
........... ........... ........... ...........
........... ....jj.jj.. .s......... ...........
...s....... ...s....... .zss....... ...s.......
...z....... ...z....... ..zz....... ...zj....h.
........... ........... ........... ...jhhhHhj.
........... ........... ........... ....jhhhj..
""")

HAIR = _sheet("""
short       spiky       bob         long        ponytail    curly
....hHHhh.. ...h.hH.h.. ....hHHhh.. ....hHHhh.. ....hHHhh.. ...hHh.hh..
...hHHhhhh. ...hhHHhhh. ..hhHHhhhh. ...hHHHhhh. ...hHHhhhh. ..hHhhhHhh.
..hhHhhhhh. .hhhHHhhhh. ..hHHhhhhh. ..hHHhhhhh. .jhHHhhhhh. .hHhhhhhhhh
..hhhhhhhj. ..hhhhhhhj. .hhHhhhhhh. ..hHhhhhhh. hhjhhhhhhj. .hhhhjhhjhj
..hhj.hj.j. .hhj.hj.j.. .hhhjhjhhj. .hhhj.jhhj. hhj.j..hhj. hhhj.....j.
..hj....... ..hj....... .hhj....... .hHj....... hhj........ .hhj.......
..j........ .hj........ .hhj....... .Hhj....... hj......... .jhj.......
........... ........... .jhj....... .hhj....... hj......... ..j........
........... ........... ........... .hhhj...... .j......... ...........
........... ........... ........... .jhhj...... ........... ...........
""")

HATS = _sheet("""
none        band        pointed     helmet      crown
........... ........... ____dCc____ ___GGGgg___ ___o__O__n_
........... ........... ____dCcc___ __GGggggy__ ...oORooon.
........... ........... ___dCCccc__ _gGGgggggy_ ...........
........... .dcCCccccc. .cCCCCcccdd _yyyyyyyyy_ ...........
........... .d......... ...dddddd.. _gg........ ...........
""")

CLOTHES = {
    "slim": _sheet("""
tunic      armour     robe       cloak      leather    dress
...CCccc.. ..GGCccgy. ...CCccc.. ..CCccccd. ..CCCccc.. ...WCCcW..
..CcCccdc. ..WgCccyg. ..CcCccdc. .CcdLlldc. .dcdLllmc. ..WcCccdW.
..sbbuub.. ..gbbuub.. ..WbbuubW. .cdbbuub.. ..sbbuub.. ..sbbuub..
...Ccccd.. ...gCcdy.. ...CCccd.. .cdlLllm.. ...LcCdm.. ..CCWWcdd.
...tt.tt.. ...Gg.gy.. ..CccCcdd. .ddtt.tt.. ...tt.tt.. ..CcWWccd.
...ll.lll. ...gg.ggy. ..WWWWWGG. ...ll.lll. ...mm.mmm. .CcWGWcdd.
"""),
    "sturdy": _sheet("""
tunic      armour     robe       cloak      leather    dress
..CCcccc.. .GGGCccgy. ..CCcccc.. .CCcccccd. .CCCcccc.. ..WCCccW..
.CcCcccdc. .WggCccyg. .CcCcccdc. CccdLlldc. dccdLllmc. .WcCcccdW.
.sbbbuub.. .ggbbuuby. .WbbbuubW. ccdbbuubd. .sbbbuub.. .sbbbuub..
..Cccccd.. ..ggCcdy.. ..CCcccd.. ccdlLllm.. ..LlcCdm.. .CCcWWcdd.
..tt..tt.. ..Gg..gy.. .CcccCcdd. cddtt.tt.. ..tt..tt.. .CccWWccd.
..ll..lll. ..gg..ggy. .WWWWWWGG. ..ll..lll. ..mm..mmm. CccWGWccdd
"""),
    "stout": _sheet("""
tunic      armour     robe       cloak      leather    dress
..CCcccc.. ..GGCccgy. ..CCcccc.. ..CCccccd. ..CCCccc.. ..WCCccW..
.CcCcccdc. .GWgCccyg. .CcCcccdc. .CcdLlldc. .ccdLllmc. .WcCcccdW.
.scCccccd. .gGgCccgy. .WcCccccd. CcdlLlllm. .sLLlllmm. .scCccccd.
.bbbbuubb. .bbbbuubb. .bbbbuubb. cdbbbuubb. .bbbbuubb. .bbbbuubb.
..Ccccdd.. ..ggCdgy.. .CcccCcdd. cdltt.ttm. ..ttCdtt.. .CcWWWccd.
..ll..lll. ..gg..ggy. .WWWWWWGG. ..ll..lll. ..mm..mmm. CccWGGWcdd
"""),
    "small": _sheet("""
tunic      armour     robe       cloak      leather    dress
...CCccc.. ..GGCccg.. ...CCccc.. ..CCcccc.. ..CCCccc.. ...WCCcW..
..CcCccdc. ..WgCccyg. ..CcCccdc. .CcdLlldc. .dcdLllmc. ..WcCccdW.
..sbbuub.. ..gbbuub.. ..WbbuubW. .cdbbuub.. ..sbbuub.. ..sbbuub..
...Ccccd.. ...GCdgy.. ..CccCcdd. .ddtt.tt.. ...tCdtt.. ..CCWWcdd.
...ll.lll. ...gg.ggy. ..WWWWWGG. ...ll.lll. ...mm.mmm. .CcWGWcdd.
"""),
}

TOOLS = _sheet("""
none  sword axe   hammer staff bow   shield torch
..... ..... ..... ..... ..iI. ..... ..... ...O.
..... ..W.. ..... ..... ..IIi .Ll.. ..... ..PO.
..... ..WG. ..l.G kGGgg ..iI. .G.l. ..... ..POP
..... ..WG. ..LgW kggyy ...L. .G.l. ..... ..PPR
..... ..WG. ..LgW kggyy ...L. .G..l ..... ...R.
..... ..WG. ..l.G ..l.. ...l. .G..L ..... ..mmm
..... ..WG. ..l.. ..l.. ...l. .G..L kkkkk ...l.
..... .oOon ..l.. ..l.. ...l. .G..l kGGgg ...l.
..... ..l.. ..l.. ..l.. ...l. .G..l kGRRg ...l.
..... .ssl. .ssl. .ssl. .ssl. .sssl kGOOg .ssl.
s.... ..o.. ..l.. ..l.. ...l. .G.l. kgrry ...l.
..... ..... ..m.. ..m.. ...l. .Ll.. .kgyk .....
..... ..... ..... ..... ...m. ..... ..kk. .....
""")

COLOURS = {
    "ink": 0x1F1A2E,
    "porcelain": 0xFFE2C2,
    "peach": 0xF0B68A,
    "clay": 0xCC8657,
    "oak": 0x99603F,
    "walnut": 0x6B4031,
    "ebony": 0x472A2A,
    "white": 0xF7F4EA,
    "silver": 0xC5D1D8,
    "steel": 0x8A9BAD,
    "iron": 0x56627D,
    "slate": 0x363A58,
    "night": 0x282742,
    "straw": 0xFFE27A,
    "gold": 0xEAB03F,
    "bronze": 0xB5702F,
    "rose": 0xF2756B,
    "red": 0xD43F45,
    "wine": 0x93293F,
    "orange": 0xF08A3C,
    "rust": 0xC95B2C,
    "lime": 0x9FD356,
    "green": 0x4F9D4A,
    "pine": 0x2B6150,
    "sky": 0x7CC7F0,
    "blue": 0x3B7DD8,
    "navy": 0x27478F,
    "lilac": 0xC490E0,
    "purple": 0x8650B8,
    "plum": 0x512F7D,
}

# Attribute value -> the colours of the letters named beside it.
SKIN = {  # s z
    "fair": ("porcelain", "peach"),
    "tan": ("peach", "clay"),
    "brown": ("clay", "oak"),
    "deep": ("oak", "walnut"),
    "green": ("lime", "green"),
}
HAIR_COLOUR = {  # H h j
    "brown": ("oak", "walnut", "ebony"),
    "ginger": ("orange", "rust", "wine"),
    "blond": ("straw", "gold", "bronze"),
    "silver": ("white", "silver", "steel"),
    "black": ("iron", "slate", "night"),
    "violet": ("lilac", "purple", "plum"),
}
CLOTH_COLOUR = {  # C c d
    "red": ("rose", "red", "wine"),
    "blue": ("sky", "blue", "navy"),
    "green": ("lime", "green", "pine"),
    "purple": ("lilac", "purple", "plum"),
    "ochre": ("straw", "gold", "bronze"),
    "white": ("white", "silver", "steel"),
    "slate": ("steel", "iron", "slate"),
}
BELT = {  # b u; without a belt both are the dark of the cloth
    "none": None,
    "plain": ("walnut", "walnut"),
    "buckle": ("walnut", "straw"),
}
MATERIALS = {  # letters whose colour never changes
    "ke": ("ink", "ink"),
    "Llm": ("clay", "oak", "walnut"),
    "WGgy": ("white", "silver", "steel", "iron"),
    "Oon": ("straw", "gold", "bronze"),
    "PRr": ("orange", "red", "wine"),
    "Ii": ("sky", "blue"),
    "t": ("slate",),
}
