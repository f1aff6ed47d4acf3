/**
 * yamux and DRPC in their simplest form, for the server of the tests: complete byte strings, no windows, no state. It
 * shares no code with the sources, so that both cannot have the same fault.
 */

export interface YamuxFrame {
  type: number;
  flags: number;
  id: number;
  length: number;
  data: Buffer;
}

export function yamuxFrame(type: number, flags: number, id: number, body: number | Buffer = 0): Buffer {
  const length = typeof body === 'number' ? body : body.length;
  const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0');
  const header = Buffer.from(`00${hex(type, 2)}${hex(flags, 4)}${hex(id, 8)}${hex(length, 8)}`, 'hex');
  return typeof body === 'number' ? header : Buffer.concat([header, body]);
}

/** The complete frames at the start of `bytes`, and the bytes after them. */
export function readYamux(bytes: Buffer): { frames: YamuxFrame[]; rest: Buffer } {
  const frames: YamuxFrame[] = [];
  let rest = bytes;
  while (rest.length >= 12) {
    const [type, length] = [rest.readUInt8(1), rest.readUInt32BE(8)];
    const end = 12 + (type === 0 ? length : 0);
    if (rest.length < end) break;
    const data = Buffer.from(rest.subarray(12, end));
    frames.push({ type, flags: rest.readUInt16BE(2), id: rest.readUInt32BE(4), length, data });
    rest = rest.subarray(end);
  }
  return { frames, rest };
}

export interface DrpcFrame {
  kind: number;
  done?: boolean;
  control?: boolean;
  stream?: number;
  message: number;
  data?: Buffer;
}

export function drpcFrame({ kind, done = true, control = false, stream = 1, ...frame }: DrpcFrame): Buffer {
  const data = frame.data ?? Buffer.alloc(0);
  const first = kind * 2 + (done ? 1 : 0) + (control ? 128 : 0);
  return Buffer.concat([
    Buffer.from([first, ...varint(stream), ...varint(frame.message), ...varint(data.length)]),
    data,
  ]);
}

/** The complete frames at the start of `bytes`. */
export function readDrpc(bytes: Buffer): Required<DrpcFrame>[] {
  const frames: Required<DrpcFrame>[] = [];
  for (let pos = 0; pos < bytes.length; ) {
    const first = bytes[pos++] as number;
    const numbers: number[] = [];
    while (numbers.length < 3) {
      let [value, scale, byte] = [0, 1, 0x80];
      while (byte >= 0x80) {
        const next = bytes[pos++];
        if (next === undefined) return frames;
        byte = next;
        value += (byte % 128) * scale;
        scale *= 128;
      }
      numbers.push(value);
    }
    const [stream, message, length] = numbers as [number, number, number];
    if (bytes.length < pos + length) return frames;
    const data = bytes.subarray(pos, pos + length);
    const kind = (first >> 1) & 63;
    frames.push({ kind, done: first % 2 === 1, control: first >= 128, stream, message, data });
    pos += length;
  }
  return frames;
}

export function errorData(code: number, text: string): Buffer {
  const data = Buffer.alloc(8);
  data.writeBigUInt64BE(BigInt(code));
  return Buffer.concat([data, Buffer.from(text)]);
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
}
