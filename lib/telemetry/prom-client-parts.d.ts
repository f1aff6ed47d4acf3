/** `prom-client.ts` gives them their types. */
declare module 'prom-client/lib/counter.js';
declare module 'prom-client/lib/gauge.js';
declare module 'prom-client/lib/registry.js';
