import { checkArgument, isCallable, isRecord } from './argument.js';
import { BoundaryLogError } from './errors.js';
import { type Frame, type FrameFault, isLength, isTag, LENGTH } from './frame.js';
import { shown } from './shown.js';
import { unknownName } from './unknown-name.js';

/** What a protocol consists of, and each of its tags. */
const PROTOCOL = ['tags', 'kinds'];
const TAG = ['maxLength', 'decode'];

/** The kinds of the outcomes that `decodeFrame()` adds to those of each protocol. */
const ADDED_KINDS = ['skip', 'close'];

/** @throws ERR_INVALID_OPTION unless the value is a protocol, with tags and lengths that a header can express. */
export function checkProtocol(protocol: unknown): void {
  checkNames('protocol', protocol, PROTOCOL);
  checkArgument('protocol.tags', protocol.tags, isRecord(protocol.tags), 'an object of tags');
  for (const [tag, definition] of Object.entries(protocol.tags as object)) {
    const isNumber = String(Number(tag)) === tag && isTag(Number(tag));
    if (!isNumber) {
      const message = `protocol: got the tag ${shown(tag)}, expected a whole number from 0 to 255`;
      throw new BoundaryLogError('ERR_INVALID_OPTION', message);
    }
    const path = `protocol.tags[${tag}]`;
    checkNames(path, definition, TAG);
    const { maxLength, decode } = definition;
    checkArgument(`${path}.maxLength`, maxLength, isLength(maxLength), LENGTH);
    checkArgument(`${path}.decode`, decode, isCallable(decode), 'a function');
  }
  if (protocol.kinds !== undefined) checkKinds(protocol.kinds);
}

/**
 * The kinds of all outcomes that decoding a protocol can lead to.
 *
 * @throws ERR_INVALID_OPTION if it does not say which kinds its messages have.
 */
export function kindsOf({ kinds }: { readonly kinds?: readonly string[] }): string[] {
  checkKinds(kinds);
  return [...new Set([...(kinds ?? []), ...ADDED_KINDS])];
}

function checkKinds(kinds: unknown): void {
  const expected = 'an array with the kind of each message';
  const isKinds = Array.isArray(kinds) && kinds.every((kind) => typeof kind === 'string');
  checkArgument('protocol.kinds', kinds, isKinds, expected);
}

function checkNames(
  path: string,
  value: unknown,
  names: readonly string[],
): asserts value is Readonly<Record<string, unknown>> {
  checkArgument(path, value, isRecord(value), `an object with ${names.join(' and ')}`);
  for (const name of Object.keys(value as object)) {
    if (names.includes(name)) continue;
    throw new BoundaryLogError('ERR_INVALID_OPTION', `${path}: ${unknownName('property', name, names)}`);
  }
}

/** @throws ERR_INVALID_OPTION unless the value is a frame, or with `mayFail` a fault. */
export function checkFrame(frame: Frame | FrameFault, mayFail: boolean): void {
  const expected = mayFail ? 'a Frame or a FrameFault' : 'a Frame: an object with tag and payload';
  checkArgument('frame', frame, isRecord(frame), expected);
  if (mayFail && 'error' in frame) {
    checkArgument('frame.error', frame.error, frame.error instanceof Error, 'an error');
    checkArgument('frame.fatal', frame.fatal, typeof frame.fatal === 'boolean', 'true or false');
    return;
  }
  const { tag, payload } = frame as Frame;
  checkArgument('frame.tag', tag, isTag(tag), 'a whole number from 0 to 255');
  checkArgument('frame.payload', payload, Buffer.isBuffer(payload), 'a Buffer');
}

/** Whether what a custom protocol's `decode` has returned is a message. */
export function isKinded(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'kind' in value && typeof value.kind === 'string';
}
