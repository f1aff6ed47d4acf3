import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { BoundaryLogError } from '../../../../../lib/errors.js';
import { Session, type SessionOptions } from '../../../../../lib/reporters/coder/yamux/session.js';
import { readYamux, yamuxFrame } from '../../../../helpers/naive-agent-wire.js';

const [DATA, WINDOW_UPDATE, PING, GO_AWAY] = [0, 1, 2, 3];
const [NONE, SYN, ACK, FIN, RST] = [0, 1, 2, 4, 8];
const WINDOW = 256 * 1024;
const KEEP_ALIVE_MS = 15_000;
const PING_TIMEOUT_MS = 10_000;

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  expect(jest.getTimerCount()).toBeLessThanOrEqual(1);
  jest.useRealTimers();
});

/** A session whose server is the test. */
function start(options: Partial<SessionOptions> = {}) {
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
    /** The frames that were sent since the last call: `[type, flags, stream id, length]`. */
    sent: () => {
      const { frames } = readYamux(bytes);
      bytes = Buffer.alloc(0);
      return frames.map(({ type, flags, id, length }) => [type, flags, id, length]);
    },
    receive: (...frame: Parameters<typeof yamuxFrame>) => session.receive(yamuxFrame(...frame)),
    /** Opens a stream, and collects its events. */
    open: () => {
      const events: unknown[] = [];
      const stream = session.open({
        onData: (chunk) => events.push(chunk.toString()),
        onEnd: (error) => events.push(error?.code ?? 'end'),
      });
      return { stream, events };
    },
  };
}

const lost = new BoundaryLogError('ERR_CONNECTION_LOST', 'gone');

describe('a stream', () => {
  test('is opened with the next odd id, and closed with one FIN or RST', () => {
    const { open, sent, receive } = start();
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
    // Frames that arrive later are ignored.
    receive(WINDOW_UPDATE, ACK, 1);
    receive(DATA, FIN, 1, Buffer.from('late'));
    receive(WINDOW_UPDATE, RST, 3);
    expect([...first.events, ...second.events]).toEqual([]);
    expect(sent()).toEqual([]);
  });

  test('reports its data, and its end once', () => {
    const { open, receive } = start();
    const { events } = open();
    receive(WINDOW_UPDATE, ACK, 1);
    receive(DATA, NONE, 1, Buffer.from('ab'));
    receive(DATA, FIN, 1, Buffer.from('c'));
    receive(WINDOW_UPDATE, FIN, 1);
    expect(events).toEqual(['ab', 'c', 'end']);
  });

  test('that the server resets fails; others do not', () => {
    const { open, receive, session } = start();
    const first = open();
    const second = open();
    receive(WINDOW_UPDATE, RST, 1);
    receive(DATA, NONE, 3, Buffer.from('x'));
    expect(first.events).toEqual(['ERR_CONNECTION_LOST']);
    expect(second.events).toEqual(['x']);
    expect(session.isOpen).toBe(true);
  });

  test('sends no more than its send window allows, and the rest after window updates', () => {
    const { open, sent, receive } = start();
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

  test('sends no frame that is longer than the initial window, even if its send window is larger', () => {
    const { open, sent, receive } = start();
    const { stream } = open();
    receive(WINDOW_UPDATE, ACK, 1, WINDOW);
    sent();
    stream.write(Buffer.alloc(2 * WINDOW + 5));
    expect(sent()).toEqual([
      [DATA, NONE, 1, WINDOW],
      [DATA, NONE, 1, WINDOW],
    ]);
  });

  test('that is closed with unsent data is reset', () => {
    const { open, sent } = start();
    const { stream } = open();
    stream.write(Buffer.alloc(WINDOW + 1));
    stream.close();
    expect(sent().at(-1)).toEqual([WINDOW_UPDATE, RST, 1, 0]);
  });

  test('sends a window update once half of its receive window is used, and rejects more than the window', () => {
    const { open, sent, receive, ends } = start();
    const { events } = open();
    sent();
    receive(DATA, NONE, 1, Buffer.alloc(WINDOW / 2 - 1));
    expect(sent()).toEqual([]);
    receive(DATA, NONE, 1, Buffer.alloc(2));
    expect(sent()).toEqual([[WINDOW_UPDATE, NONE, 1, WINDOW / 2 + 1]]);
    receive(DATA, NONE, 1, Buffer.alloc(WINDOW / 2 - 1));
    receive(DATA, NONE, 1, Buffer.alloc(WINDOW / 2 + 2));
    expect(events.at(-1)).toBe('ERR_PROTOCOL_VIOLATION');
    expect(ends).toEqual([expect.objectContaining({ code: 'ERR_PROTOCOL_VIOLATION' })]);
    expect(sent()).toEqual([[GO_AWAY, NONE, 0, 1]]);
  });

  test('that was closed while data arrived sends no window update', () => {
    const { session, sent, receive } = start();
    const stream = session.open({ onData: () => stream.close(), onEnd: () => undefined });
    sent();
    receive(DATA, FIN, 1, Buffer.alloc(WINDOW));
    expect(sent()).toEqual([[WINDOW_UPDATE, FIN, 1, 0]]);
  });
});

describe('the session', () => {
  test('answers pings', () => {
    const { receive, sent } = start();
    receive(PING, SYN, 0, 0xdead_beef);
    expect(sent()).toEqual([[PING, ACK, 0, 0xdead_beef]]);
  });

  test('sends one ping after the other, as long as they are answered', () => {
    const { receive, sent, session } = start();
    for (let n = 1; n <= 3; n++) {
      jest.advanceTimersByTime(KEEP_ALIVE_MS);
      expect(sent()).toEqual([[PING, SYN, 0, n]]);
      jest.advanceTimersByTime(PING_TIMEOUT_MS - 1);
      receive(PING, ACK, 0, n);
    }
    expect(session.isOpen).toBe(true);
  });

  test('ends within 40 s if the server has fallen silent; an answer to another ping does not count', () => {
    const { receive, ends, open } = start();
    const { events } = open();
    jest.advanceTimersByTime(KEEP_ALIVE_MS);
    receive(PING, ACK, 0, 99);
    jest.advanceTimersByTime(PING_TIMEOUT_MS);
    expect(events).toEqual(['ERR_CONNECTION_LOST']);
    expect(ends).toEqual([expect.objectContaining({ message: expect.stringContaining('silent') })]);
    expect(KEEP_ALIVE_MS + PING_TIMEOUT_MS).toBeLessThanOrEqual(40_000);
  });

  test('ends after the last open stream when the server has sent Go Away', () => {
    const { receive, ends, open, session, sent } = start();
    const { stream, events } = open();
    receive(GO_AWAY, NONE, 0, 0);
    expect(session.isOpen).toBe(false);
    receive(DATA, NONE, 1, Buffer.from('x'));
    expect(events).toEqual(['x']);
    expect(ends).toEqual([]);
    sent();
    stream.close();
    expect(ends).toHaveLength(1);
    expect(sent()).toEqual([
      [WINDOW_UPDATE, FIN, 1, 0],
      [GO_AWAY, NONE, 0, 0],
    ]);
  });

  test.each([1, 2, 77])('ends at once when the server has sent Go Away with the error code %d', (code) => {
    const { receive, ends, open } = start();
    const { events } = open();
    receive(GO_AWAY, NONE, 0, code);
    expect(events).toEqual(['ERR_CONNECTION_LOST']);
    expect(ends).toHaveLength(1);
  });

  test('resets streams that the server opens', () => {
    const { receive, sent } = start();
    receive(WINDOW_UPDATE, SYN, 2);
    receive(DATA, SYN, 4, Buffer.from('x'));
    expect(sent()).toEqual([
      [WINDOW_UPDATE, RST, 2, 0],
      [WINDOW_UPDATE, RST, 4, 0],
    ]);
  });

  test('ends with Go Away when the server violates the protocol', () => {
    const { session, ends, sent, open } = start();
    const { events } = open();
    sent();
    session.receive(Buffer.alloc(12, 0xff));
    expect(sent()).toEqual([[GO_AWAY, NONE, 0, 1]]);
    expect(events).toEqual(['ERR_PROTOCOL_VIOLATION']);
    session.receive(yamuxFrame(PING, SYN, 0, 1));
    session.end(lost);
    session.close(lost);
    expect(sent()).toEqual([]);
    expect(ends).toHaveLength(1);
  });

  test('sends Go Away when it is closed, and ends its streams with the error', () => {
    const { session, ends, sent, open } = start();
    const { events } = open();
    sent();
    session.close(lost);
    expect(sent()).toEqual([[GO_AWAY, NONE, 0, 0]]);
    expect(events).toEqual(['ERR_CONNECTION_LOST']);
    expect(ends).toEqual([lost]);
    expect(session.isOpen).toBe(false);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('ends after the stream with the last id, because ids must not be reused', () => {
    const { session, open, ends } = start({ firstStreamId: 0xffff_fffd });
    open().stream.close();
    expect(session.isOpen).toBe(true);
    const { stream } = open();
    expect(session.isOpen).toBe(false);
    stream.close();
    expect(ends).toHaveLength(1);
  });
});
