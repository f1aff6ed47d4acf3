import { readFileSync } from 'node:fs';
import vm from 'node:vm';
import { describe, expect, test } from '@jest/globals';
import { transformSync } from '@swc/core';
import type { SpoolQueue } from '../../../lib/spool/queue.js';
import { simulate } from '../../helpers/spool-simulation.js';

/** Deliberate faults of one line each: the file, what stands there, and what stands there instead. */
const MUTATIONS: [fault: string, file: string, from: string, to: string][] = [
  [
    'acknowledgements are not written',
    'queue',
    'segment.acks.set(id, id + 1, next(state));',
    'if (isFinished(next(state))) segment.acks.done += 1; else segment.acks.set(id, id + 1, next(state));',
  ],
  ['a segment is deleted although batches wait', 'upkeep', 'segment.left === 0 &&', 'segment.left <= 1 &&'],
  ['the last segment is deleted', 'upkeep', ' && !isTail', ''],
  ['any segment is deleted before older ones', 'folder', 'segment === segments[0] &&', ''],
  ['damage is not reported', 'queue', 'await this.#lose(segment, missing, offset);', 'undefined;'],
  ['finished batches are delivered', 'queue', 'if (isFinished(state)) continue;', ''],
  ['a marked batch is delivered again', 'queue', 'if (state === State.STARTED_AGAIN)', 'if (state === -1)'],
  ['marks are never cleared', 'queue', 'this.#set(id, () => State.WAITING);', ''],
  [
    'the size forgets what is finished',
    'queue',
    'grow(this.size, sizeOf(batch), -1);',
    'grow(this.size, sizeOf(batch), 1);',
  ],
  [
    'ids of damaged bytes are used again',
    'queue',
    'this.#log.next = segments.at(-1)?.end ?? 0;',
    'this.#log.next = segments.at(-1)?.first ?? 0;',
  ],
];

/** At most so many seeds: a fault that they do not find fails the test. */
const SEEDS = 2000;

const LIB = new URL('../../../lib/', import.meta.url);

/** The queue, with one line of one source file changed. Everything else is unchanged. */
async function mutant(file: string, from: string, to: string): Promise<typeof SpoolQueue> {
  const source = readFileSync(new URL(`spool/${file}.ts`, LIB), 'utf8');
  expect(source.split(from)).toHaveLength(2);
  const changed = await compiled(file, source.replace(from, to));
  // The queue imports the changed file.
  const queue = readFileSync(new URL('spool/queue.ts', LIB), 'utf8');
  const { namespace } =
    file === 'queue' ? changed : await compiled('queue', queue, { [`./${file}.js`]: changed });
  return (namespace as { SpoolQueue: typeof SpoolQueue }).SpoolQueue;
}

async function compiled(
  file: string,
  source: string,
  changed: Record<string, vm.Module> = {},
): Promise<vm.SourceTextModule> {
  const { code } = transformSync(source, {
    jsc: { target: 'es2023', parser: { syntax: 'typescript' } },
    module: { type: 'es6' },
  });
  const module = new vm.SourceTextModule(code, { identifier: `${file} with a fault` });
  await module.link(async (specifier) => {
    if (changed[specifier] !== undefined) return changed[specifier];
    const imported = await import(
      new URL(specifier.replace(/\.js$/, '.ts'), new URL('spool/', LIB)).pathname
    );
    const names = Object.keys(imported);
    return new vm.SyntheticModule(names, function () {
      for (const name of names) this.setExport(name, imported[name]);
    });
  });
  await module.evaluate();
  return module;
}

describe('the simulation finds a queue of which', () => {
  test.each(MUTATIONS)(
    '%s',
    async (_fault, file, from, to) => {
      const Queue = await mutant(file, from, to);
      let found: string | undefined;
      for (let seed = 0; seed < SEEDS && found === undefined; seed++) {
        await simulate(seed, Queue).catch((error) => {
          found = error.message;
        });
      }
      expect(found).toMatch(/^seed \d+: /);
    },
    60_000,
  );
});

test('it finds nothing wrong with the same queue without a fault', async () => {
  const line = 'await this.#lose(segment, missing, 0);';
  const Queue = await mutant('queue', line, line);
  for (let seed = 0; seed < 200; seed++) await simulate(seed, Queue);
});
