import { readFile } from 'node:fs/promises';

/*
 * LevelDB has a checksum for each block of a table, does not look at it when it reads, and ends the process
 * (an assertion) at some blocks that are damaged. So they are held against their checksums before LevelDB sees
 * them. Of the format (LevelDB's doc/table_format.md) this needs: a table ends in a footer with the places of
 * two blocks, the index and the index of what else there is, and their entries are the places of all others.
 * Blocks are not compressed here.
 */
const FOOTER = 48;
const MAGIC = Buffer.from('57fb808b247547db', 'hex');
/** After each block: its kind of compression (0: none), and CRC-32C of both. */
const TRAILER = 5;
const CRC_DELTA = 0xa282ead8;

type Place = { offset: number; length: number };

/** Whether each block of a table file is as it was written. Its content is read as a whole. */
export async function isIntactTable(path: string): Promise<boolean> {
  const table = await readFile(path);
  if (table.length < FOOTER || !table.subarray(-MAGIC.length).equals(MAGIC)) return false;
  const footer = new Cursor(table.subarray(-FOOTER));
  const others = footer.place();
  const index = footer.place();
  return [others, index].every(
    (place) =>
      isIntactBlock(table, place) && placesIn(block(table, place)).every((p) => isIntactBlock(table, p)),
  );
}

function block(table: Buffer, { offset, length }: Place): Buffer {
  return table.subarray(offset, offset + length);
}

function isIntactBlock(table: Buffer, { offset, length }: Place): boolean {
  const end = offset + length;
  if (!(end + TRAILER <= table.length - FOOTER) || table[end] !== 0) return false;
  const crc = crc32c(table.subarray(offset, end + 1));
  return table.readUInt32LE(end + 1) === (((crc >>> 15) | (crc << 17)) + CRC_DELTA) >>> 0;
}

/** The values of a block of places. It is intact. */
function placesIn(content: Buffer): Place[] {
  const restarts = content.readUInt32LE(content.length - 4);
  const cursor = new Cursor(content.subarray(0, content.length - 4 * (restarts + 1)));
  const places: Place[] = [];
  while (!cursor.atEnd) {
    cursor.varint();
    const keyLength = cursor.varint();
    const valueLength = cursor.varint();
    cursor.skip(keyLength);
    places.push(new Cursor(cursor.skip(valueLength)).place());
  }
  return places;
}

class Cursor {
  readonly #bytes: Buffer;
  #offset = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#offset >= this.#bytes.length;
  }

  /** Beyond the end it gives NaN, which is no place. */
  varint(): number {
    let value = 0;
    for (let unit = 1; ; unit *= 128) {
      const byte = this.#bytes[this.#offset++];
      if (byte === undefined) return Number.NaN;
      value += (byte & 0x7f) * unit;
      if (byte < 128) return value;
    }
  }

  place(): Place {
    return { offset: this.varint(), length: this.varint() };
  }

  skip(length: number): Buffer {
    const skipped = this.#bytes.subarray(this.#offset, this.#offset + length);
    this.#offset += length;
    return skipped;
  }
}

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let crc = n;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

function crc32c(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) {
    crc = (TABLE[(crc ^ (bytes[i] as number)) & 0xff] as number) ^ (crc >>> 8);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
