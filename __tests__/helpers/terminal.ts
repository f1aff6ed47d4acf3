import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { afterEach } from '@jest/globals';
import { COLUMNS } from './hostile-strings.js';
import { tempPaths } from './temp.js';

/** Whether tmux, a terminal that can be read, is installed. */
export const HAS_TMUX = spawnSync('tmux', ['-V']).status === 0;

export interface Terminal {
  /** What it shows and has shown: its lines, with their rows joined, or its rows as they are. */
  capture(as: 'lines' | 'rows'): string[];
  /** Types keys, in the names of tmux, such as `C-s`. */
  type(...keys: string[]): void;
  /** Changes its width. */
  resize(columns: number): void;
}

/** Opens terminals that run a command of the shell each, and closes them after a test. */
export function terminals(): (command: string, columns?: number) => Terminal {
  const path = tempPaths();
  const sockets: string[] = [];
  afterEach(() => {
    for (const socket of sockets.splice(0)) spawnSync('tmux', ['-S', socket, 'kill-server']);
  });
  return (command, columns = COLUMNS) => {
    const socket = path();
    sockets.push(socket);
    const config = path();
    writeFileSync(config, 'set -g history-limit 100000\nset -g status off\n');
    const tmux = (...args: string[]) =>
      execFileSync('tmux', ['-u', '-S', socket, '-f', config, ...args], {
        encoding: 'utf8',
        maxBuffer: 1 << 26,
        env: { ...process.env, LC_ALL: 'C.UTF-8', TERM: 'xterm-256color' },
      });
    // tmux may lose the last output of a terminal whose last process has ended.
    tmux('new-session', '-d', '-x', String(columns), '-y', '24', `${command}; exec sleep 1000`);
    return {
      capture: (as) => tmux('capture-pane', '-p', '-S', '-', ...(as === 'lines' ? ['-J'] : [])).split('\n'),
      type: (...keys) => void tmux('send-keys', ...keys),
      resize: (columns) => void tmux('resize-window', '-x', String(columns), '-y', '24'),
    };
  };
}
