// A proxy without a spool does not load it. scripts/build.js makes the files `*.lazy.ts` load at the first use.
export { SharedFolder } from './shared-folder.js';
