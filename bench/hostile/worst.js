// The most expensive frames that searches have found, as recipes.

/** @type {readonly { name: string, recipe: import('./recipe.js').Recipe }[]} */
export const WORST = [
  {
    name: 'empty logs',
    recipe: { tag: 1, prefix: '', unit: '0a00', suffix: '', length: 32_768, inside: [] },
  },
  {
    name: 'empty logs with a session and a process',
    recipe: {
      tag: 1,
      prefix: `1240${'61'.repeat(64)}1a40${'61'.repeat(64)}`,
      unit: '0a00',
      suffix: '',
      length: 32_768,
      inside: [],
    },
  },
  {
    name: 'empty logs with a session of 3 bytes',
    recipe: { tag: 1, prefix: '1203616263', unit: '0a00', suffix: '', length: 32_768, inside: [] },
  },
  {
    name: 'logs with the same number that are long enough to be requests',
    recipe: {
      tag: 1,
      prefix: `1224${'61'.repeat(36)}`,
      unit: `0a1e20051a1a0a18${'61'.repeat(24)}`,
      suffix: '',
      length: 32_768,
      inside: [],
    },
  },
  {
    name: 'an envelope of empty requests',
    recipe: { tag: 2, prefix: '', unit: '0a00', suffix: '', length: 32_768, inside: [] },
  },
  {
    name: 'an envelope of requests with an empty log',
    recipe: { tag: 2, prefix: '', unit: '0a020a00', suffix: '', length: 32_768, inside: [] },
  },
  {
    name: 'an envelope of statuses',
    recipe: { tag: 2, prefix: '', unit: '1200', suffix: '', length: 32_768, inside: [] },
  },
  {
    name: 'empty groups',
    recipe: { tag: 1, prefix: '', unit: '0b0c', suffix: '', length: 32_768, inside: [] },
  },
  {
    name: 'empty groups, and a few logs with the same number',
    recipe: {
      tag: 1,
      prefix: '1203e280a8',
      unit: '0b0c0b0c0b0c0b0c0b0c0b0c0b0c0b0c0b0c0b0c0b0c0b0c0b0c0b0c0b0c0a041a020a000b0c0b0c0b0a041a0212000c0b0c',
      suffix: '42004200',
      length: 256,
      inside: [],
    },
  },
  {
    name: 'an envelope that is invalid at its end',
    recipe: { tag: 2, prefix: '', unit: '0a00', suffix: '08', length: 32_768, inside: [] },
  },
  {
    name: 'small: a session of 62 bytes that are not ASCII',
    recipe: { tag: 1, prefix: '', unit: 'c3bc', suffix: '', length: 64, inside: [18] },
  },
  {
    name: 'small: an envelope of 16 requests with an empty log',
    recipe: { tag: 2, prefix: '', unit: '0a020a00', suffix: '', length: 64, inside: [] },
  },
  {
    name: 'small: a session of one byte, and odd logs',
    recipe: {
      tag: 1,
      prefix:
        '120208011028120275010a0212000a021a000a03ea01000a038001000a038001000a038001000a03805e000a038001000a038001000a03800168',
      unit: '',
      suffix: '',
      length: 64,
      inside: [],
    },
  },
  {
    name: 'small: short logs, and a fault at their end',
    recipe: {
      tag: 1,
      prefix:
        '0a021a000a021a000a021a000a021a0008010a021a000a021a0008010a021a000a021a000a021a000a021a000a021a000a021a00',
      unit: '',
      suffix: '100120',
      length: 64,
      inside: [],
    },
  },
  {
    name: 'small: an envelope of members of all kinds',
    recipe: {
      tag: 2,
      prefix: '',
      unit: '0a000a0012000a000a000a000a000a000a00',
      suffix: '0a0208010a020801',
      length: 64,
      inside: [],
    },
  },
  {
    name: 'small: empty groups and logs, and a fault at their end',
    recipe: {
      tag: 1,
      prefix: '',
      unit: '0b0c0b0a000c0b0c0b0c0b0c0b0c0b0c0b0c',
      suffix: '01ff',
      length: 64,
      inside: [],
    },
  },
  {
    name: 'small: an empty envelope',
    recipe: { tag: 2, prefix: '', unit: '', suffix: '', length: 0, inside: [] },
  },
  {
    name: 'small: an invalid frame',
    recipe: { tag: 1, prefix: '08', unit: '', suffix: '', length: 1, inside: [] },
  },
  {
    name: 'small: a status',
    recipe: { tag: 2, prefix: '12020801', unit: '', suffix: '', length: 4, inside: [] },
  },
  {
    name: 'small: an envelope of two requests',
    recipe: { tag: 2, prefix: '0a020a000a020a00', unit: '', suffix: '', length: 8, inside: [] },
  },
];
