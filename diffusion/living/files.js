// What is taken away: PNGs, a sheet, sprites.npz for Python, kept.json for sample.py.
"use strict";

function canvasOf(bytes, { channels, height, width }) {
  const canvas = document.createElement("canvas");
  paint(canvas, bytes, { channels, height, width });
  return canvas;
}

// Bytes (H, W, C) onto a canvas, whatever the number of channels.
function paint(canvas, bytes, { channels, height, width }) {
  canvas.width = width;
  canvas.height = height;
  const image = new ImageData(width, height);
  for (let p = 0; p < height * width; p++) {
    for (let c = 0; c < 3; c++) image.data[4 * p + c] = bytes[p * channels + (channels < 3 ? 0 : c)];
    image.data[4 * p + 3] = channels === 4 ? bytes[4 * p + 3] : 255;
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

const saveCanvas = (canvas, name) => canvas.toBlob((blob) => save(blob, name));

// Sprites side by side, in a square.
function sheetOf(images, shape) {
  const columns = Math.ceil(Math.sqrt(images.length)), sheet = document.createElement("canvas");
  sheet.width = columns * shape.width;
  sheet.height = Math.ceil(images.length / columns) * shape.height;
  images.forEach((bytes, k) => sheet.getContext("2d").drawImage(canvasOf(bytes, shape),
    (k % columns) * shape.width, Math.floor(k / columns) * shape.height));
  return sheet;
}

// An array as numpy's .npy file (format 1.0).
function npy(values, type, shape) {
  const tuple = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text = `{'descr': '${type}', 'fortran_order': False, 'shape': (${tuple}), }`;
  const header = text.padEnd(upTo(text.length + 11, 64) - 11) + "\n";
  const bytes = new Uint8Array(10 + header.length + values.byteLength);
  bytes.set([0x93, ...new TextEncoder().encode("NUMPY"), 1, 0, header.length & 255, header.length >> 8]);
  bytes.set(new TextEncoder().encode(header), 10);
  bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), 10 + header.length);
  return bytes;
}

function checksum(bytes) {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let k = 0; k < 8; k++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

// {name: bytes} as a zip file without compression, which is what an .npz is.
function zip(entries) {
  const parts = [], central = [], names = Object.keys(entries);
  let offset = 0;
  for (const name of names) {
    const bytes = entries[name], text = new TextEncoder().encode(name);
    // method, time and date (1980-01-01), checksum, sizes, length of the name and of extra fields
    const fields = [0, 0, 33, checksum(bytes), bytes.length, bytes.length, text.length, 0];
    const lengths = [2, 2, 2, 4, 4, 4, 2, 2];
    const local = packed([0x04034b50, 20, 0, ...fields], [4, 2, 2, ...lengths]);
    central.push(packed([0x02014b50, 20, 20, 0, ...fields, 0, 0, 0, 0, offset],
      [4, 2, 2, 2, ...lengths, 2, 2, 2, 4, 4]), text);
    parts.push(local, text, bytes);
    offset += local.length + text.length + bytes.length;
  }
  const size = central.reduce((sum, part) => sum + part.length, 0);
  const end = packed([0x06054b50, 0, 0, names.length, names.length, size, offset, 0],
    [4, 2, 2, 2, 2, 4, 4, 2]);
  return new Blob([...parts, ...central, end], { type: "application/zip" });
}

// Numbers as little-endian fields of so many bytes.
function packed(numbers, lengths) {
  return Uint8Array.from(numbers.flatMap((number, k) =>
    Array.from({ length: lengths[k] }, (_, i) => Math.floor(number / 256 ** i) & 255)));
}

// images, seeds and indices as `sample.py` writes them, for `data=array`.
function npz(kept, { channels, height, width }) {
  const size = channels * height * width, images = new Uint8Array(kept.length * size);
  kept.forEach(({ image }, k) => images.set(image, k * size));
  const whole = (name) => BigInt64Array.from(kept, (each) => BigInt(each[name]));
  return zip({
    "images.npy": npy(images, "|u1", [kept.length, height, width, channels]),
    "seeds.npy": npy(whole("seed"), "<i8", [kept.length]),
    "indices.npy": npy(whole("index"), "<i8", [kept.length]),
  });
}
