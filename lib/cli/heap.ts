import { setFlagsFromString } from 'node:v8';

/**
 * Keeps V8's young generation as small as it is at the start. A busy proxy makes little garbage on the heap, but much of
 * it refers to buffers of 64 KiB that sockets have read: the larger the young generation grows, the more of them wait
 * for its next collection. With 1,000 busy connections this takes a third of the memory away and costs no CPU. The first
 * flag works only at run time, and has to be set before V8 has grown the young generation. Newer versions of V8 let it
 * grow a little nevertheless, and the second flag saves 5 to 12 MB more, again without a measurable cost in CPU.
 *
 * An operator who has set a size keeps it.
 */
function limitYoungGeneration(options: readonly string[]): void {
  if (options.some((option) => /semi-space/.test(option.replaceAll('_', '-')))) return;
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--optimize-for-size');
}

limitYoungGeneration([...process.execArgv, process.env.NODE_OPTIONS ?? '']);
