import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import { build } from 'esbuild';

test('a browser can load all of it: nothing of Node, and less than 7 kB', async () => {
  const { outputFiles, metafile } = await build({
    entryPoints: [fileURLToPath(new URL('../../../lib/rules/index.ts', import.meta.url))],
    ...{ bundle: true, minify: true, write: false, metafile: true, platform: 'browser', format: 'esm' },
  });
  expect(Object.keys(metafile.inputs).filter((file) => file.includes('node_modules'))).toEqual([]);
  const contents = outputFiles[0]?.contents as Uint8Array;
  expect(gzipSync(contents).length).toBeLessThan(7000);
  const url = `data:text/javascript;base64,${Buffer.from(contents).toString('base64')}`;
  const { ruleFor } = await import(url);
  expect(ruleFor({ http_method: 'GET', http_url: 'https://a.example/x' }).rule).toBe(
    'method=GET domain=a.example path=/x',
  );
});
