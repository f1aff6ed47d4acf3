import { afterEach } from '@jest/globals';
import { Spool, type SpoolOptions } from '../../lib/spool/spool.js';

/** Opens spools. Those that a test leaves open are closed after it. */
export function spools(): (folder: string, options?: SpoolOptions) => Promise<Spool> {
  const opened: Spool[] = [];
  afterEach(async () => {
    for (const spool of opened.splice(0)) await spool.close();
  });
  return async (folder, options) => {
    const spool = await Spool.open(folder, options);
    opened.push(spool);
    return spool;
  };
}

/** Batch number `n` of a test: what it holds follows from its number. */
export function numbered(n: number, length = 20): { tag: number; count: number; raw: Buffer } {
  const raw = Buffer.alloc(length, n % 251);
  raw.writeUInt32BE(n);
  return { tag: 1 + (n % 2), count: n % 11, raw };
}

export function numberOf({ raw }: { raw: Buffer }): number {
  return raw.readUInt32BE();
}

/** A logger that keeps its lines. */
export function lines() {
  const kept: { level: string; fields: Record<string, unknown>; message: string }[] = [];
  const keep = (level: string) => (fields: object, message: string) =>
    void kept.push({ level, fields: { ...fields }, message });
  return {
    kept,
    errors: () => kept.filter(({ level }) => level === 'error'),
    debug: keep('debug'),
    info: keep('info'),
    warn: keep('warn'),
    error: keep('error'),
  };
}
