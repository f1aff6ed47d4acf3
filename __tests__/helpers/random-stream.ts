import { encodeFrame, MAX_PAYLOAD_LENGTH } from '../../codec/index.js';
import { random } from './cuts.js';
import { field, poisonFrame } from './hostile.js';
import { ENVELOPE, type MessageType, REQUEST, varint } from './naive-protobuf.js';
import { vectors } from './vectors.js';

/** Texts of all lengths of UTF-8, with characters that some format escapes or that are cut. */
const TEXTS = [
  ...[
    '',
    'x',
    'GET',
    'https://example.com/?a=b c',
    'claude-code',
    '"\\',
    '\n\r\t',
    '\u001b[31m',
    'ü',
    '日本',
    '😀',
  ],
  ...[
    '\u202e',
    '\u2028',
    '\ufeff',
    '\u00a0',
    '\u0000',
    '\x7f',
    'x'.repeat(64),
    'x'.repeat(65),
    'ü"'.repeat(40),
    '[cut]',
  ],
];
const NUMBERS = [0n, 1n, 127n, 128n, 2n ** 31n - 1n, 2n ** 31n, 2n ** 32n, 2n ** 63n, 2n ** 64n - 1n];
const SECONDS = [1_772_566_954n, 253_402_300_799n, 253_402_300_800n, -62_167_219_200n, -1n];

/** Everything random in one case. The same seed leads to the same bytes and the same chunks. */
export class RandomStream {
  readonly #next: () => number;

  constructor(seed: number) {
    this.#next = random(seed);
  }

  /** A whole number from 0 to below `n`. */
  below(n: number): number {
    return Math.floor(this.#next() * n);
  }

  /** Whether something happens that does so once in `n` times. */
  once(n: number): boolean {
    return this.below(n) === 0;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  /** The bytes of one connection: some frames, most of them valid, perhaps with changes. */
  bytes(): Buffer {
    const frames = Array.from({ length: 1 + this.below(6) }, () => this.#frame());
    let bytes: Buffer = Buffer.concat(frames);
    for (let changes = this.once(3) ? 1 + this.below(4) : 0; changes > 0; changes--)
      bytes = this.#changed(bytes);
    return this.once(8) ? bytes.subarray(0, this.below(bytes.length + 1)) : bytes;
  }

  /** The bytes in chunks, each in memory of its own. */
  chunks(bytes: Buffer): Buffer[] {
    if (this.once(3)) return [bytes];
    const longest = this.pick([1, 7, 100, 5000, 65_536]);
    const chunks: Buffer[] = [];
    for (let pos = 0; pos < bytes.length; ) {
      const end = pos + 1 + this.below(bytes.length > 5000 ? Math.max(longest, 500) : longest);
      chunks.push(Buffer.from(bytes.subarray(pos, end)));
      pos = end;
    }
    return chunks;
  }

  #frame(): Buffer {
    if (this.once(4)) return this.pick(vectors).bytes;
    if (this.once(200)) return poisonFrame();
    const tag = 1 + this.below(2);
    let payload: Buffer = this.#message(tag === 1 ? REQUEST : ENVELOPE, 3);
    if (this.once(20)) payload = Buffer.concat(Array(1 + this.below(300)).fill(payload));
    if (this.once(50)) payload = this.#noise(this.below(300));
    return encodeFrame(this.once(200) ? this.below(256) : tag, payload.subarray(0, MAX_PAYLOAD_LENGTH));
  }

  #message(type: MessageType, depth: number): Buffer {
    const parts: Buffer[] = [];
    for (let fields = this.below(7); fields > 0; fields--) {
      const number = this.pick(type.order);
      const kind = type.fields[number];
      if (this.once(15)) parts.push(this.#unknown(depth));
      else if (typeof kind === 'object') parts.push(this.#delimited(number, this.#message(kind, depth - 1)));
      else if (kind === 'string') parts.push(this.#delimited(number, Buffer.from(this.pick(TEXTS))));
      else parts.push(this.#varint(BigInt(number * 8)), this.#varint(this.#value()));
    }
    return Buffer.concat(parts);
  }

  #delimited(number: number, content: Buffer): Buffer {
    if (this.once(400)) return field(number, this.#noise(5));
    return Buffer.concat([
      this.#varint(BigInt(number * 8 + 2)),
      this.#varint(BigInt(content.length)),
      content,
    ]);
  }

  #unknown(depth: number): Buffer {
    const number = this.pick([1, 2, 3, 4, 5, 15, 16, 100, 2 ** 29 - 1, 2 ** 29, 0]);
    const key = (wireType: number) => this.#varint(BigInt(number) * 8n + BigInt(wireType));
    switch (this.below(6)) {
      case 0:
        return Buffer.concat([key(0), this.#varint(this.#value())]);
      case 1:
        return Buffer.concat([key(1), this.#noise(8)]);
      case 2:
        return Buffer.concat([key(2), varint(3n), this.#noise(3)]);
      case 3:
        return Buffer.concat([key(5), this.#noise(4)]);
      case 4:
        return Buffer.concat([key(3), depth > 0 ? this.#unknown(depth - 1) : Buffer.alloc(0), key(4)]);
      default:
        return key(this.below(8));
    }
  }

  #value(): bigint {
    if (this.once(3)) return BigInt.asUintN(64, this.pick(SECONDS));
    return this.once(2) ? this.pick(NUMBERS) : BigInt(this.below(1000));
  }

  /** A varint, seldom with more bytes than it needs. */
  #varint(value: bigint): Buffer {
    const shortest = varint(value);
    if (!this.once(100)) return shortest;
    const more = this.below(10);
    return Buffer.concat([
      ...[...shortest].map((byte) => Buffer.of(byte | 0x80)),
      Buffer.alloc(more, 0x80),
      Buffer.of(0),
    ]);
  }

  #noise(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)));
  }

  #changed(bytes: Buffer): Buffer {
    const at = this.below(bytes.length + 1);
    const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
    switch (this.below(5)) {
      case 0:
        return Buffer.concat([before, Buffer.of(this.below(256)), after.subarray(1)]);
      case 1:
        return Buffer.concat([before, after.subarray(1 + this.below(4))]);
      case 2:
        return Buffer.concat([before, this.#noise(1 + this.below(4)), after]);
      case 3:
        return Buffer.concat([before, after.subarray(0, this.below(50)), after]);
      default: {
        // One bit.
        const changed = Buffer.from(bytes);
        if (at < changed.length) changed[at] = (changed[at] as number) ^ (1 << this.below(8));
        return changed;
      }
    }
  }
}
