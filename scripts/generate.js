// Makes codec/generated/ from proto/ with protobufjs: `npm run generate`.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

const OUT = 'codec/generated/boundary.js';

execFileSync(
  'node_modules/.bin/pbjs',
  [
    ...['--target', 'static-module', '--wrap', 'esm', '--dts', '--root', 'boundary-log-proxy'],
    ...['--no-convert', '--no-delimited', '--no-typeurl', '--no-service'],
    ...['--path', 'proto', '--out', OUT, 'proto/boundary.proto'],
  ],
  { stdio: 'inherit' },
);

const note = '// Made by `npm run generate` from proto/. Not to be edited.\n';
const types = OUT.replace(/\.js$/, '.d.ts');
writeFileSync(OUT, note + readFileSync(OUT, 'utf8'));
// `import = require()` is not for ES modules.
const long = ['import Long = require("long")', 'import type Long from "long"'];
writeFileSync(types, note + readFileSync(types, 'utf8').replace(...long));
