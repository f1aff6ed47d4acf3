import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { BoundaryLogError } from '../../../../../lib/errors.js';
import {
  PING_TIMEOUT_MS,
  Session,
  type SessionOptions,
} from '../../../../../lib/reporters/coder/yamux/session.js';
import { readYamux, yamuxFrame } from '../../../../helpers/naive-agent-wire.js';

const [DATA, WINDOW_UPDATE, PING, GO_AWAY] = [0, 1, 2, 3];
const [NONE, SYN, ACK, FIN, RST] = [0, 1, 2, 4, 8];
const WINDOW = 256 * 1024;
const KEEP_ALIVE_MS = 15_000;

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  expect(jest.getTimerCount()).toBeLessThanOrEqual(1);
  jest.useRealTimers();
});

/** A session with nothing but a test at its other end. */
function rig(options: Partial<SessionOptions> = {}) {
  let bytes = Buffer.alloc(0);
  const ends: BoundaryLogError[] = [];
  const session = new Session({
    keepAliveMs: KEEP_ALIVE_MS,
    send: (frame) => {
      bytes = Buffer.concat([bytes, frame]);
    },
    onEnd: (error) => ends.push(error),
    ...options,
  });
  return {
    session,
    ends,
    /** What was sent since the last look: `[type, flags, stream id, length]`. */
    sent: () => {
      const { frames } = readYamux(bytes);
      bytes = Buffer.alloc(0);
      return frames.map(({ type, flags, id, length }) => [type, flags, id, length]);
    },
    receive: (...frame: Parameters<typeof yamuxFrame>) => session.receive(yamuxFrame(...frame)),
    /** Opens a stream; what it is told is in `told`. */
    open: () => {
      const told: unknown[] = [];
      const stream = session.open({
        onData: (chunk) => told.push(chunk.toString()),
        onEnd: (error) => told.push(error?.code ?? 'end'),
      });
      return { stream, told };
    },
  };
}

const lost = new BoundaryLogError('ERR_CONNECTION_LOST', 'gone');

describe('a stream', () => {
  test('is opened with the next odd id, and closed with one FIN', () => {
    const { open, sent, receive } = rig();
    const first = open();
    const second = open();
    first.stream.write(Buffer.from('abc'));
    first.stream.close();
    first.stream.close();
    first.stream.reset();
    second.stream.reset();
    expect(sent()).toEqual([
      [WINDOW_UPDATE, SYN, 1, 0],
      [WINDOW_UPDATE, SYN, 3, 0],
      [DATA, NONE, 1, 3],
      [WINDOW_UPDATE, FIN, 1, 0],
      [WINDOW_UPDATE, RST, 3, 0],
    ]);
    // What still comes for it is dropped.
    receive(WINDOW_UPDATE, ACK, 1);
    receive(DATA, FIN, 1, Buffer.from('late'));
    receive(WINDOW_UPDATE, RST, 3);
    expect([...first.told, ...second.told]).toEqual([]);
    expect(sent()).toEqual([]);
  });

  test('is told of data, and of the end, once', () => {
    const { open, receive } = rig();
    const { told } = open();
    receive(WINDOW_UPDATE, ACK, 1);
    receive(DATA, NONE, 1, Buffer.from('ab'));
    receive(DATA, FIN, 1, Buffer.from('c'));
    receive(WINDOW_UPDATE, FIN, 1);
    expect(told).toEqual(['ab', 'c', 'end']);
  });

  test('that is reset fails alone', () => {
    const { open, receive, session } = rig();
    const first = open();
    const second = open();
    receive(WINDOW_UPDATE, RST, 1);
    receive(DATA, NONE, 3, Buffer.from('x'));
    expect(first.told).toEqual(['ERR_CONNECTION_LOST']);
    expect(second.told).toEqual(['x']);
    expect(session.isOpen).toBe(true);
  });

  test('sends no more than the window allows, and goes on when there is more', () => {
    const { open, sent, receive } = rig();
    const { stream } = open();
    stream.write(Buffer.alloc(WINDOW + 1000));
    stream.write(Buffer.alloc(10));
    expect(sent()).toEqual([
      [WINDOW_UPDATE, SYN, 1, 0],
      [DATA, NONE, 1, WINDOW],
    ]);
    receive(WINDOW_UPDATE, ACK, 1, 600);
    expect(sent()).toEqual([[DATA, NONE, 1, 600]]);
    receive(WINDOW_UPDATE, NONE, 1, 1000);
    expect(sent()).toEqual([[DATA, NONE, 1, 410]]);
    stream.close();
    expect(sent()).toEqual([[WINDOW_UPDATE, FIN, 1, 0]]);
  });

  test('cuts its data into frames of one window, however wide the window is', () => {
    const { open, sent, receive } = rig();
    const { stream } = open();
    receive(WINDOW_UPDATE, ACK, 1, WINDOW);
    sent();
    stream.write(Buffer.alloc(2 * WINDOW + 5));
    expect(sent()).toEqual([
      [DATA, NONE, 1, WINDOW],
      [DATA, NONE, 1, WINDOW],
    ]);
  });

  test('that is closed before all was sent is reset', () => {
    const { open, sent } = rig();
    const { stream } = open();
    stream.write(Buffer.alloc(WINDOW + 1));
    stream.close();
    expect(sent().at(-1)).toEqual([WINDOW_UPDATE, RST, 1, 0]);
  });

  test('allows for more once half of its window is used, and takes no more than that', () => {
    const { open, sent, receive, ends } = rig();
    const { told } = open();
    sent();
    receive(DATA, NONE, 1, Buffer.alloc(WINDOW / 2 - 1));
    expect(sent()).toEqual([]);
    receive(DATA, NONE, 1, Buffer.alloc(2));
    expect(sent()).toEqual([[WINDOW_UPDATE, NONE, 1, WINDOW / 2 + 1]]);
    receive(DATA, NONE, 1, Buffer.alloc(WINDOW / 2 - 1));
    receive(DATA, NONE, 1, Buffer.alloc(WINDOW / 2 + 2));
    expect(told.at(-1)).toBe('ERR_PROTOCOL_VIOLATION');
    expect(ends).toEqual([expect.objectContaining({ code: 'ERR_PROTOCOL_VIOLATION' })]);
    expect(sent()).toEqual([[GO_AWAY, NONE, 0, 1]]);
  });

  test('that is done with asks for no more', () => {
    const { session, sent, receive } = rig();
    const stream = session.open({ onData: () => stream.close(), onEnd: () => undefined });
    sent();
    receive(DATA, FIN, 1, Buffer.alloc(WINDOW));
    expect(sent()).toEqual([[WINDOW_UPDATE, FIN, 1, 0]]);
  });
});

describe('the session', () => {
  test('answers pings', () => {
    const { receive, sent } = rig();
    receive(PING, SYN, 0, 0xdead_beef);
    expect(sent()).toEqual([[PING, ACK, 0, 0xdead_beef]]);
  });

  test('pings, again and again, as long as there are answers', () => {
    const { receive, sent, session } = rig();
    for (let n = 1; n <= 3; n++) {
      jest.advanceTimersByTime(KEEP_ALIVE_MS);
      expect(sent()).toEqual([[PING, SYN, 0, n]]);
      jest.advanceTimersByTime(PING_TIMEOUT_MS - 1);
      receive(PING, ACK, 0, n);
    }
    expect(session.isOpen).toBe(true);
  });

  test('ends within 40 s when the other end has fallen silent, whatever else it may answer', () => {
    const { receive, ends, open } = rig();
    const { told } = open();
    jest.advanceTimersByTime(KEEP_ALIVE_MS);
    receive(PING, ACK, 0, 99);
    jest.advanceTimersByTime(PING_TIMEOUT_MS);
    expect(told).toEqual(['ERR_CONNECTION_LOST']);
    expect(ends).toEqual([expect.objectContaining({ message: expect.stringContaining('silent') })]);
    expect(KEEP_ALIVE_MS + PING_TIMEOUT_MS).toBeLessThanOrEqual(40_000);
  });

  test('lets what runs come to its end when the other end goes away, and then ends', () => {
    const { receive, ends, open, session, sent } = rig();
    const { stream, told } = open();
    receive(GO_AWAY, NONE, 0, 0);
    expect(session.isOpen).toBe(false);
    receive(DATA, NONE, 1, Buffer.from('x'));
    expect(told).toEqual(['x']);
    expect(ends).toEqual([]);
    sent();
    stream.close();
    expect(ends).toHaveLength(1);
    expect(sent()).toEqual([
      [WINDOW_UPDATE, FIN, 1, 0],
      [GO_AWAY, NONE, 0, 0],
    ]);
  });

  test.each([1, 2, 77])('ends at once when the other end goes away with code %d', (code) => {
    const { receive, ends, open } = rig();
    const { told } = open();
    receive(GO_AWAY, NONE, 0, code);
    expect(told).toEqual(['ERR_CONNECTION_LOST']);
    expect(ends).toHaveLength(1);
  });

  test('refuses streams that the other end opens', () => {
    const { receive, sent } = rig();
    receive(WINDOW_UPDATE, SYN, 2);
    receive(DATA, SYN, 4, Buffer.from('x'));
    expect(sent()).toEqual([
      [WINDOW_UPDATE, RST, 2, 0],
      [WINDOW_UPDATE, RST, 4, 0],
    ]);
  });

  test('ends when the protocol is broken, and says so to the other end', () => {
    const { session, ends, sent, open } = rig();
    const { told } = open();
    sent();
    session.receive(Buffer.alloc(12, 0xff));
    expect(sent()).toEqual([[GO_AWAY, NONE, 0, 1]]);
    expect(told).toEqual(['ERR_PROTOCOL_VIOLATION']);
    session.receive(yamuxFrame(PING, SYN, 0, 1));
    session.end(lost);
    session.close(lost);
    expect(sent()).toEqual([]);
    expect(ends).toHaveLength(1);
  });

  test('says good-bye when it is closed, and fails what runs', () => {
    const { session, ends, sent, open } = rig();
    const { told } = open();
    sent();
    session.close(lost);
    expect(sent()).toEqual([[GO_AWAY, NONE, 0, 0]]);
    expect(told).toEqual(['ERR_CONNECTION_LOST']);
    expect(ends).toEqual([lost]);
    expect(session.isOpen).toBe(false);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('ends after its last stream id, as ids do not come again', () => {
    const { session, open, ends } = rig({ firstStreamId: 0xffff_fffd });
    open().stream.close();
    expect(session.isOpen).toBe(true);
    const { stream } = open();
    expect(session.isOpen).toBe(false);
    stream.close();
    expect(ends).toHaveLength(1);
  });
});
