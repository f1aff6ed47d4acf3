// Helps with releases; CONTRIBUTING.md has their steps.
//   node scripts/release.js version             writes the version of package.json to the sources: `npm version` runs it
//   node scripts/release.js ready OWNER/NAME    prints enabled=true if this is the repository that package.json names
//   node scripts/release.js tag TAG             fails if the tag is not that of the version
import { readFileSync, writeFileSync } from 'node:fs';

const [task, given = ''] = process.argv.slice(2);
const { version, repository } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

switch (task) {
  case 'version': {
    const source = new URL('../lib/telemetry/version.ts', import.meta.url);
    const text = readFileSync(source, 'utf8');
    writeFileSync(source, text.replace(/VERSION = '.*'/, `VERSION = '${version}'`));
    break;
  }
  case 'ready':
    // No account can have the name of the placeholder, because it contains underscores.
    console.log(`enabled=${repository.url === `git+https://github.com/${given}.git`}`);
    break;
  case 'tag':
    if (given !== `v${version}`) throw new Error(`the tag is ${given}, and package.json says ${version}`);
    break;
  default:
    throw new Error('usage: release.js version | ready OWNER/NAME | tag TAG');
}
