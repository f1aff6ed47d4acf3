import { describe, expect, test } from '@jest/globals';
import { HEALTH_REASONS, type Health } from '../../../lib/index.js';
import { type HealthFacts, healthOf } from '../../../lib/telemetry/health.js';

const WELL: HealthFacts = {
  isListening: true,
  hasSocketFile: true,
  isForwarding: true,
  isSpoolWritable: true,
  sinceDropMs: Number.POSITIVE_INFINITY,
  isSourceUp: true,
  isReporterUp: true,
};

describe('health', () => {
  test.each<[string, Partial<HealthFacts>, Health['status'], string[]]>([
    ['all is well', {}, 'ok', []],
    ['it does not listen', { isListening: false }, 'failing', ['not_listening']],
    ['the file is gone', { hasSocketFile: false }, 'failing', ['socket_missing']],
    ['neither', { isListening: false, hasSocketFile: false }, 'failing', ['not_listening']],
    ['nothing is forwarded', { isForwarding: false }, 'failing', ['not_forwarding']],
    ['the spool fails', { isSpoolWritable: false }, 'failing', ['spool_not_writable']],
    ['a drop just now', { sinceDropMs: 0 }, 'failing', ['dropping']],
    ['a drop 30 s ago', { sinceDropMs: 30_000 }, 'failing', ['dropping']],
    ['a drop before that', { sinceDropMs: 30_001 }, 'ok', []],
    ['the reporter fails', { isReporterUp: false }, 'degraded', ['reporter_failing']],
    ['the source fails', { isSourceUp: false }, 'degraded', ['source_failing']],
    ['both', { isSourceUp: false, isReporterUp: false }, 'degraded', ['source_failing', 'reporter_failing']],
    ['a source that is not open', { isSourceUp: false, isListening: false }, 'failing', ['not_listening']],
    ['a drop, too', { isReporterUp: false, sinceDropMs: 5 }, 'failing', ['dropping', 'reporter_failing']],
    [
      'the file is gone, too',
      { isReporterUp: false, hasSocketFile: false },
      'failing',
      ['socket_missing', 'reporter_failing'],
    ],
  ])('%s', (_name, facts, status, reasons) => {
    expect(healthOf({ ...WELL, ...facts })).toEqual({ status, reasons });
  });

  test('each reason can be the result', () => {
    const worst = {
      isListening: false,
      isForwarding: false,
      isSpoolWritable: false,
      sinceDropMs: 0,
      isReporterUp: false,
    };
    const found = new Set([
      ...healthOf({ ...WELL, ...worst }).reasons,
      ...healthOf({ ...WELL, hasSocketFile: false, isSourceUp: false }).reasons,
    ]);
    expect([...found].sort()).toEqual([...HEALTH_REASONS].sort());
  });
});
