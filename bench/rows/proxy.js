// The whole proxy in one process, fed by another process as fast as it can receive.
import {
  besideProxy,
  CPU_UNIT,
  FULL_SPEED,
  playing,
  playingReference,
  TEXT_AT_FULL_SPEED,
} from '../plays.js';

/** Bytes of JSON per byte of the load: 317 for a log of 101 bytes. */
const TEXT_OF = 3.14;

/** Bytes in each write that cuts frames. */
const CUTS = [10_000, 50_000];

const SIZES = /** @type {const} */ ([1, 10, 100]);

/** @type {import('../measure.js').Row[]} */
const rows = [];
for (const logs of SIZES) {
  /** @type {import('../stage.js').Play} */
  const play = { target: 'proxy', load: { logs, connections: 1 }, ...FULL_SPEED[logs] };
  const baseline = playing('drain', { ...play, target: 'drain' });
  const per = `null, ${logs} per batch`;
  const row = { unit: CPU_UNIT, figure: 'cpu', baseline };
  const ofProxy = { name: `proxy, ${per}`, ...row, of: playing('proxy', play) };
  rows.push(ofProxy, besideProxy(ofProxy, playingReference(play)));
  rows.push({ name: `plain protobufjs, ${per}`, ...row, of: playing('plain', { ...play, target: 'plain' }) });
  // A write of a sender may end in the middle of a frame.
  for (const cut of CUTS) {
    const inCuts = { ...play, load: { ...play.load, cut } };
    const ofCuts = {
      ...row,
      name: `proxy, ${per}, frames cut by writes of ${cut} bytes`,
      of: playing('proxy', inCuts),
      baseline: playing('drain', { ...inCuts, target: 'drain' }),
    };
    rows.push(ofCuts, besideProxy(ofCuts, playingReference(inCuts)));
  }
  if (logs === 10) {
    rows.push({
      name: 'four stages that do nothing, 10 per batch',
      ...row,
      of: playing('stages', { ...play, target: 'stages' }),
    });
  }
}

/** @type {import('../stage.js').Play} */
const text = {
  target: 'proxy',
  load: { logs: 10, connections: 1 },
  ...TEXT_AT_FULL_SPEED,
  options: { reporter: 'stdout' },
  stdout: 'file',
};
const toFile = {
  name: 'proxy, stdout json to a file, 10 per batch',
  unit: CPU_UNIT,
  figure: 'cpu',
  of: playing('proxy', text),
  baseline: playing('ready text', { ...text, target: 'drain', options: { textOf: TEXT_OF } }),
};
rows.push(toFile, besideProxy(toFile, playingReference(text)));
/**
 * What varies when URLs are redacted.
 *
 * @type {{ name: string, load?: Partial<import('../feeder.js').Load>, redact?: import('boundary-log-proxy').RedactOptions, times?: number }[]}
 */
const REDACTED = [
  { name: '10 per batch' },
  { name: '10 per batch, no queries', load: { queries: 'none' } },
  { name: '10 per batch, all with queries', load: { queries: 'all' } },
  { name: '10 per batch, with a name that is kept', redact: { keep: ['name'] } },
  { name: '1 per batch', load: { logs: 1 }, times: 4 },
  { name: '100 per batch', load: { logs: 100 }, times: 0.1 },
];
for (const { name, load = {}, redact = {}, times = 1 } of REDACTED) {
  /** @type {import('../stage.js').Play} */
  const play = {
    ...text,
    load: { ...text.load, ...load },
    warmUp: text.warmUp * times,
    batches: text.batches * times,
  };
  rows.push({
    ...toFile,
    name: `proxy, stdout json to a file, redacted, ${name}`,
    of: playing('redacted', { ...play, options: { ...text.options, redact } }),
    baseline: playing('as received', play),
  });
}
/** @type {import('../stage.js').Play} */
const textToPipe = { ...text, stdout: 'pipe' };
rows.push({
  ...toFile,
  name: 'proxy, stdout json to a pipe, 10 per batch',
  of: playing('proxy', textToPipe),
  baseline: playing('to a file', text),
});
rows.push({
  ...toFile,
  name: 'plain protobufjs, stdout json to a file, 10 per batch',
  of: playing('plain', { ...text, target: 'plain' }),
});

/** @type {import('../measure.js').Group} */
export const proxy = { title: 'The whole proxy, at full speed', runs: 5, rows };
