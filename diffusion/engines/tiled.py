"""The sheet as a tileset of Tiled, the map editor (`.tsx`, its XML format 1.10)."""

from xml.etree.ElementTree import Element, SubElement, indent, tostring

from diffusion.engines.base import EngineFile, Taken


class Tiled(EngineFile):
    """`sheet.tsx`, in which every sprite is a tile, with its label as the tile's class."""

    def names(self, tag: str) -> tuple[str, ...]:
        return (f"sheet{tag}.tsx",)

    def content(self, taken: Taken) -> tuple[bytes, ...]:
        width, height = taken.size
        first = taken.rectangles[0]
        columns = sum(at.y == first.y for at in taken.rectangles)
        words = {
            "version": "1.10",
            "name": f"sheet{taken.tag}",
            "tilewidth": first.w,
            "tileheight": first.h,
            "spacing": taken.layout.spacing,
            "margin": taken.layout.margin,
            "tilecount": len(taken.images),
            "columns": columns,
        }
        tileset = Element("tileset", {key: str(value) for key, value in words.items()})
        image = {"source": taken.sheet, "width": str(width), "height": str(height)}
        SubElement(tileset, "image", image)
        for k, label in enumerate(taken.labels):
            if label is not None:
                SubElement(tileset, "tile", {"id": str(k), "type": label})
        indent(tileset, " ")
        return (tostring(tileset, "UTF-8", xml_declaration=True) + b"\n",)
