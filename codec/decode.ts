import { checkArgument } from './argument.js';
import type { Frame, FrameFault } from './frame.js';
import { decodeMessage as message } from './message.js';
import type { Close, Outcome, Skip } from './outcome.js';
import { decodeFrame as frameOf, decodeFrames as framesOf, type Kinded, type Protocol } from './protocol.js';
import { checkFrame, checkProtocol } from './protocol-check.js';

/*
 * The public functions that decode. They check their arguments, and the streams, which know what they pass, do not: a
 * batch takes 70 ns.
 */

/**
 * Decodes a frame of boundary's protocol. Every payload, whatever its bytes, yields an {@link Outcome}. It accepts exactly
 * what the Go implementation accepts.
 *
 * @throws ERR_INVALID_OPTION if the argument is not a frame.
 */
export function decodeMessage(frame: Frame): Outcome {
  checkFrame(frame, false);
  return message(frame);
}

/**
 * Decodes a frame, or the fault at the end of a stream. Whatever its payload contains, it yields an outcome.
 *
 * @throws ERR_INVALID_OPTION if an argument is not a protocol, or neither a frame nor a fault.
 */
export function decodeFrame<Message extends Kinded>(
  protocol: Protocol<Message>,
  frame: Frame | FrameFault,
): Message | Skip | Close {
  checkProtocol(protocol);
  checkFrame(frame, true);
  return frameOf(protocol, frame);
}

/**
 * Decodes the frames of one chunk, in order. The result is the same as that of {@link decodeFrame} for each of them, but
 * their payloads are copied to WebAssembly memory together.
 *
 * @throws ERR_INVALID_OPTION if an argument is not a protocol, or not an array of frames and faults.
 */
export function decodeFrames<Message extends Kinded>(
  protocol: Protocol<Message>,
  frames: readonly (Frame | FrameFault)[],
): (Message | Skip | Close)[] {
  checkProtocol(protocol);
  checkArgument('frames', frames, Array.isArray(frames), 'an array of frames');
  for (const frame of frames) checkFrame(frame, true);
  return framesOf(protocol, frames);
}
