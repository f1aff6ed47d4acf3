import { fileURLToPath } from 'node:url';

/** The faults of faulty-disk.js. */
export interface Fault {
  gate?: string;
  trace?: string;
  killAt?: number;
  eio?: { file: string; from: number; to: number; times: number };
  report?: string;
}

const FAULTY_DISK = fileURLToPath(new URL('./faulty-disk.js', import.meta.url));

/** The environment of a process whose disk fails, as faulty-disk.js explains. */
export function withFault(fault: Fault, spool: string): NodeJS.ProcessEnv {
  return { NODE_OPTIONS: `--import=${FAULTY_DISK}`, FAULT: JSON.stringify(fault), SPOOL: spool };
}
